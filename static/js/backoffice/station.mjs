// Station: a scan anywhere fills the scan field and sends its form; grade keys 1 to 4 choose a grade;
// h, p press their buttons; Enter with nothing scanned saves. Focus comes back to the scan field.
import { bindDialogs } from "../lib/dialog.mjs";
import { bindFocus } from "../lib/focus.mjs";
import { bindForms } from "../lib/forms.mjs";
import { bindScan, sound } from "../lib/scan.mjs";
import { bindTheme } from "../lib/theme.mjs";
import { bindToasts } from "../lib/toast.mjs";
import { bindUploads } from "../lib/upload.mjs";

bindTheme();
bindFocus();
bindForms();
bindDialogs();
bindToasts();
bindUploads();

const field = () => document.querySelector("[data-scan-field]");

bindScan({
  onScan(code, serial) {
    const input = field();
    if (!input) return;
    const serialField = input.form.querySelector("[name=serial]");
    if (serialField) serialField.value = serial;
    input.value = code;
    input.form.requestSubmit();
  },
  onKey(key) {
    const grade = /^[1-4]$/.test(key) ? document.querySelectorAll(".st-grade input")[key - 1] : null;
    const button = grade ?? document.querySelector(`[data-key="${CSS.escape(key.toLowerCase())}"]`);
    button?.click();
    return Boolean(button);
  },
  onLayout() {
    const warning = document.querySelector("[data-scan-layout]");
    if (warning) warning.hidden = false;
  },
});

// Enter in an empty scan field saves the unit in hand, else receives the parcel.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.defaultPrevented || event.target !== field() || field().value) return;
  event.preventDefault();
  const save = document.getElementById("inspect") ?? document.querySelector(".st-parcel form");
  save?.requestSubmit();
});

// The shelf follows the grade; the reason shows where a unit is not accepted.
function follow() {
  const grade = document.querySelector("[data-place]:checked");
  if (grade) {
    document.querySelector("[data-suggested]").textContent = grade.dataset.place;
    document.querySelector("[data-why]").textContent = grade.dataset.whyText;
  }
  const reason = document.querySelector("[data-rejection]");
  if (reason) reason.hidden = !document.querySelector("[name=accepted][value=no]:checked");
}
document.addEventListener("change", follow);
follow();

function ready() {
  const result = document.querySelector("[data-scan-sound]");
  if (result) sound(result.dataset.scanSound);
  const active = document.activeElement;
  if (!document.querySelector("dialog[open]") && !active?.matches("textarea, input:not([type=radio])")) field()?.focus();
}
document.addEventListener("htmx:afterSettle", ready);
ready();
