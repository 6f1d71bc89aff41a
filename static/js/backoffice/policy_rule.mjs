// One rule. A condition is added on the spot; which fields suit a choice comes from the server, into
// the form as it stands: the focus stays, and what was typed meanwhile is newer than what comes back.
// The form says aria-busy="true" from a choice until its fields are there, and "false" otherwise.
import { morph } from "../lib/morph.mjs";

const FIELDS = "input:not([type=hidden]), select, textarea";
const states = new WeakMap();
const formOf = (element) => element?.closest?.("[data-rule-form]");

function stateOf(form) {
  if (!states.has(form)) states.set(form, { waiting: new Set(), flying: 0, asked: new Map(), by: null });
  return states.get(form);
}

function showState(form) {
  const state = stateOf(form);
  for (const element of state.waiting) if (!element.isConnected) state.waiting.delete(element);
  form.setAttribute("aria-busy", String(state.flying > 0 || state.waiting.size > 0));
}

// Every field by its name: ticks by their value, others by their place among those of that name.
function fieldsOf(form) {
  const found = new Map();
  for (const field of form.querySelectorAll(FIELDS)) {
    const isTick = field.type === "checkbox";
    let place = 0;
    while (!isTick && found.has(`${field.name} ${place}`)) place += 1;
    found.set(`${field.name} ${isTick ? field.value : place}`, field);
  }
  return found;
}

const holds = (field) => (field.type === "checkbox" ? field.checked : field.value);

function put(field, value) {
  if (field.type === "checkbox") field.checked = value === true;
  else if (typeof value !== "string") return;
  else if (!(field instanceof HTMLSelectElement)) field.value = value;
  else if ([...field.options].some((option) => option.value === value)) field.value = value;
}

function take(form, page) {
  const fresh = page.getElementById("rule-fields");
  if (!fresh) return;
  const state = stateOf(form);
  const before = fieldsOf(form);
  const typed = [...before].filter(([name, field]) => state.asked.get(name) !== holds(field)).map(([name, field]) => [name, holds(field)]);
  const focus = document.activeElement;
  const focused = [...before].find(([, field]) => field === focus)?.[0];
  const wentOn = form.contains(focus) && focus !== state.by;
  morph(form.querySelector("#rule-fields"), fresh, (added) => window.htmx.process(added));
  const after = fieldsOf(form);
  for (const [name, value] of typed) if (after.has(name)) put(after.get(name), value);
  if (focus?.isConnected && wentOn) return;
  if (wentOn && after.has(focused)) after.get(focused).focus();
  else form.querySelector("[data-autofocus]")?.focus();
}

document.addEventListener("change", ({ target }) => {
  const form = formOf(target);
  if (!form || !window.htmx || !target.matches("select[hx-post]")) return;
  stateOf(form).waiting.add(target);
  showState(form);
});
document.addEventListener("htmx:beforeRequest", ({ detail, target }) => {
  const form = formOf(target);
  if (!form) return;
  const state = stateOf(form);
  state.waiting.delete(detail.elt);
  state.flying += 1;
  state.by = detail.elt;
  state.asked = new Map([...fieldsOf(form)].map(([name, field]) => [name, holds(field)]));
  for (const row of form.querySelectorAll("[data-fresh]")) delete row.dataset.fresh;
  showState(form);
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = formOf(event.target);
  if (!form || !event.detail.shouldSwap) return;
  event.detail.shouldSwap = false;
  take(form, new DOMParser().parseFromString(event.detail.serverResponse, "text/html"));
});
document.addEventListener("htmx:afterRequest", ({ target }) => {
  const form = formOf(target);
  if (!form) return;
  const state = stateOf(form);
  state.flying = Math.max(0, state.flying - 1);
  showState(form);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-row]");
  if (!button) return;
  event.preventDefault();
  const number = button.dataset.addRow;
  button.dataset.addRow = Number(number) + 1;
  const holder = document.createElement("div");
  holder.append(document.getElementById("blank-row").content.firstElementChild.cloneNode(true));
  holder.innerHTML = holder.innerHTML.replaceAll("__n__", number);
  const added = document.getElementById("rows").appendChild(holder.firstElementChild);
  added.dataset.fresh = "";
  window.htmx?.process(added);
  added.querySelector("select").focus();
});

// What was chosen before the scripts came, or kept by the browser, gets its fields now.
export function readyRule(form) {
  showState(form);
  for (const select of form.querySelectorAll("select[hx-post]")) {
    const first = [...select.options].find((option) => option.defaultSelected) ?? select.options[0];
    if (select.value !== first?.value) select.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
document.addEventListener("htmx:load", ({ target }) => {
  if (target === document.body) document.querySelectorAll("[data-rule-form]").forEach(readyRule);
});
