// Small helps for forms: one press sends once, [data-busy="Words"] says what happens meanwhile,
// [data-autosubmit] sends on change (its [data-nojs] button goes), [data-stepper] gets its buttons,
// [data-check-all="name"] ticks a group.
export function bindForms(root = document) {
  for (const form of root.querySelectorAll("form[data-autosubmit]")) {
    for (const button of form.querySelectorAll("[data-nojs]")) button.hidden = true;
    form.addEventListener("change", () => form.requestSubmit());
  }
  for (const button of root.querySelectorAll("[data-step]")) button.hidden = false;
  root.addEventListener("submit", onSubmit);
  root.addEventListener("click", onStep);
  root.addEventListener("change", onCheckAll);
  addEventListener("pageshow", () => root.querySelectorAll("[aria-busy=true][data-label]").forEach(free));
}

function onSubmit(event) {
  const button = event.submitter;
  if (event.target.dataset.sent) { event.preventDefault(); return; }
  if (event.defaultPrevented || event.target.method !== "post" || event.target.closest("[hx-post]")) return;
  event.target.dataset.sent = "1";
  if (!button) return;
  button.dataset.label = button.innerHTML;
  button.setAttribute("aria-busy", "true");
  if (button.dataset.busy) button.textContent = button.dataset.busy;
}

function free(button) {
  button.removeAttribute("aria-busy");
  button.innerHTML = button.dataset.label;
  if (button.form) delete button.form.dataset.sent;
}

function onStep(event) {
  const button = event.target.closest("[data-step]");
  if (!button) return;
  const field = button.closest("[data-stepper]").querySelector("input");
  const wanted = Number(field.value || 0) + Number(button.dataset.step);
  field.value = Math.min(Number(field.max || wanted), Math.max(Number(field.min || 0), wanted));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function onCheckAll(event) {
  const name = event.target.dataset?.checkAll;
  if (!name) return;
  const wanted = event.target.checked; // other modules change the box while the group is ticked
  for (const box of document.querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]:not(:disabled)`)) {
    if (box.checked !== wanted) box.click();
  }
}
