// Keyboard shortcuts and the roving cursor.
// [data-key="a"] is pressed by the key a, [data-key="g r"] by g and then r, [data-key="mod+k"] by
// Ctrl or Command and k. Fields get focus, links and buttons are clicked. Single keys work only
// outside text fields and only unless <html data-shortcuts="off">. A list [data-cursor-list] has
// rows [data-cursor-row]: j, k and the arrows move, Enter opens the row's first link, x ticks its
// box, Shift x ticks all between; the row's own events are "cursor-move" and "cursor-peek" (Space).
const TEXT = "input:not([type=checkbox],[type=radio],[type=button],[type=submit]), textarea, select, [contenteditable]";
let pending = "";
let pendingTimer = 0;
let anchor = null;

const inText = () => document.activeElement?.matches(TEXT);
const off = () => document.documentElement.dataset.shortcuts === "off";

// On layouts without Latin letters fall back to the key's place.
const letter = (event) =>
  event.key.length === 1 && !/[\x20-\x7e]/.test(event.key) && event.code.startsWith("Key")
    ? event.code.slice(3).toLowerCase()
    : event.key.toLowerCase();

function press(combo) {
  const top = [...document.querySelectorAll("dialog[open]")].pop() ?? document;
  for (const el of top.querySelectorAll("[data-key]")) {
    if (el.dataset.key.toLowerCase() !== combo || el.disabled || !el.checkVisibility()) continue;
    if (el.matches(TEXT)) { el.focus(); el.select?.(); } else el.click();
    return true;
  }
  return false;
}

const rows = () => [...document.querySelectorAll("[data-cursor-list] [data-cursor-row]")];
const current = () => document.querySelector("[data-cursor-row][data-cursor]");

function moveTo(row) {
  const before = current();
  if (before && before !== row) { before.removeAttribute("data-cursor"); before.tabIndex = -1; }
  row.setAttribute("data-cursor", "");
  row.tabIndex = 0;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
  row.dispatchEvent(new CustomEvent("cursor-move", { bubbles: true }));
}

function tick(row, value) {
  const box = row.querySelector("input[type=checkbox]");
  if (!box || box.checked === value) return;
  box.click();
}

function cursorKey(key, event) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(current());
  if (key === "j" || key === "arrowdown") moveTo(all[Math.min(at + 1, all.length - 1)]);
  else if (key === "k" || key === "arrowup") moveTo(all[Math.max(at - 1, 0)]);
  else if (at < 0) return false;
  else if (key === "enter" && document.activeElement === all[at]) all[at].querySelector("a[href]")?.click();
  else if (key === " " && document.activeElement === all[at])
    all[at].dispatchEvent(new CustomEvent("cursor-peek", { bubbles: true }));
  else if (key === "x" && event.shiftKey && anchor !== null) {
    const [from, to] = [Math.min(anchor, at), Math.max(anchor, at)];
    for (const row of all.slice(from, to + 1)) tick(row, true);
  } else if (key === "x") {
    tick(all[at], !all[at].querySelector("input[type=checkbox]")?.checked);
    anchor = at;
  } else return false;
  return true;
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const key = letter(event);
  if (event.ctrlKey || event.metaKey) {
    if (press(`mod+${key}`)) event.preventDefault();
    return;
  }
  if (inText()) {
    if (key === "escape") document.activeElement.blur();
    return;
  }
  if (off()) return;
  const combo = pending ? `${pending} ${key}` : event.shiftKey && /^[a-z]$/.test(key) ? `shift+${key}` : key;
  pending = "";
  if (press(combo) || cursorKey(key, event)) { event.preventDefault(); return; }
  if (!event.shiftKey && document.querySelector(`[data-key^="${CSS.escape(key)} "]`)) {
    pending = key;
    clearTimeout(pendingTimer);
    pendingTimer = setTimeout(() => { pending = ""; }, 1200);
  }
}

// Fill the shortcut sheet from what the page offers.
function fillSheet() {
  const list = document.querySelector("[data-key-list]");
  if (!list) return;
  const seen = new Set();
  list.replaceChildren(...[...document.querySelectorAll("[data-key]")].flatMap((el) => {
    const name = el.getAttribute("aria-label") || el.placeholder || el.querySelector("span:not(.count)")?.textContent ||
      [...el.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join(" ");
    if (seen.has(el.dataset.key) || !name?.trim()) return [];
    seen.add(el.dataset.key);
    const term = document.createElement("dt");
    const keys = document.createElement("dd");
    term.textContent = name.trim();
    for (const part of el.dataset.key.split(" ")) {
      const kbd = document.createElement("kbd");
      kbd.textContent = part.toUpperCase();
      keys.append(kbd, " ");
    }
    return [term, keys];
  }));
}

export function bindKeys() {
  document.addEventListener("keydown", onKey);
  fillSheet();
  const first = rows()[0];
  if (first && !current()) { first.tabIndex = 0; }
}
