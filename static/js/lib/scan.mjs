// Keyboard-wedge scanner: a burst of 6 or more characters with a mean gap under 35 ms, ended by
// Enter, Tab or 80 ms of silence, is a scan wherever focus is; what it typed into a field is taken
// out again. onScan(code) gets it without its AIM prefix; onKey(key) gets a single key typed by hand
// outside a text field, after 60 ms; the same code within 1.5 s is ignored.
const MIN_LENGTH = 6, MEAN_GAP = 35, SILENCE = 80, REPEAT = 1500, HAND = 60;
const WRONG_LAYOUT = /[ß§äöüÄÖÜ´¨]/;

export function readCode(raw) {
  const code = raw.trim().replace(/^\][A-Za-z][0-9]/, "");
  const gs1 = code.match(/^\(01\)(\d{14})(?:\(21\)(.+))?$/);
  return gs1 ? { code: gs1[1], serial: gs1[2] ?? "" } : { code, serial: "" };
}

export function bindScan({ onScan, onKey = () => {}, onLayout = () => {} }) {
  let buffer = "", first = 0, last = 0, silence = 0, field = null, before = "", lastCode = "", lastAt = 0;

  const text = (element) => element?.matches?.("input, textarea") ? element : null;
  const isBurst = () => buffer.length >= MIN_LENGTH && (last - first) / (buffer.length - 1) < MEAN_GAP;

  function finish() {
    clearTimeout(silence);
    const raw = buffer, scanned = isBurst(), typed = buffer;
    buffer = "";
    if (scanned) {
      if (field && !field.matches("[data-scan-field]")) field.value = before;
      else if (field) field.value = "";
      const { code, serial } = readCode(raw);
      if (WRONG_LAYOUT.test(code)) onLayout(code);
      const now = performance.now();
      if (code !== lastCode || now - lastAt > REPEAT) { lastCode = code; lastAt = now; onScan(code, serial); }
    } else if (typed.length === 1 && (!field || (field.matches("[data-scan-field]") && !before))) {
      // In the empty scan field a key is a command if there is one for it, else the start of a code.
      if (onKey(typed) && field) field.value = "";
    }
    field = null;
    return scanned;
  }

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const now = performance.now();
    if (event.key === "Enter" || event.key === "Tab") {
      if (!buffer) return;
      if (isBurst()) { event.preventDefault(); event.stopImmediatePropagation(); }
      finish();
      return;
    }
    if (event.key.length !== 1) return;
    if (buffer && now - last > SILENCE) finish();
    if (!buffer) { first = now; field = text(document.activeElement); before = field?.value ?? ""; }
    buffer += event.key;
    last = now;
    clearTimeout(silence);
    silence = setTimeout(finish, buffer.length === 1 ? HAND : SILENCE);
  }, true);
}

// Short tones for results; each differs in pitch and rhythm. Silent until the first key or touch.
const TONES = { parcel: [[660, 90]], item: [[660, 70], [880, 90]], done: [[330, 120]], other: [[520, 90], [520, 90]], unknown: [[200, 400]] };
let audio = null;
export function sound(name) {
  if (document.documentElement.dataset.sound === "off") return;
  audio ??= new AudioContext();
  let at = audio.currentTime;
  for (const [pitch, length] of TONES[name] ?? []) {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.value = 0.08;
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    at += length / 1000;
    tone.stop(at);
    at += 0.04;
  }
}
