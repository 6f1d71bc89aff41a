// A rule of the list opens for editing where it stands: its own page's form, fetched and sent from
// here. What is refused stays open with its errors; what fails in any other way goes to the page.
import { bindDirty } from "../lib/dirty.mjs";
import { announce } from "../lib/focus.mjs";
import { toast } from "../lib/toast.mjs";
import { readyRule } from "./policy_rule.mjs";

const ROOM = matchMedia("(width >= 620px)");
let open = null;

const fieldsOf = (form) => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "seen"));
const formOf = (page) => page.querySelector("[data-rule-form]");
const parse = (text) => new DOMParser().parseFromString(text, "text/html");

function close() {
  const { row, closed } = open;
  open = null;
  row.replaceChildren(...closed);
  row.removeAttribute("data-edit");
  row.focus();
}

function show(page) {
  const { row } = open;
  const form = document.importNode(formOf(page), true);
  form.setAttribute("aria-label", `Edit rule ${row.dataset.number}`);
  const refusal = page.querySelector("#main [role=alert]");
  const number = document.createElement("span");
  number.className = "pe-n";
  number.textContent = row.dataset.number;
  const holder = document.createElement("div");
  holder.className = "grow stack";
  holder.append(...(refusal ? [document.importNode(refusal, true)] : []), form, document.importNode(page.getElementById("blank-row"), true));
  row.replaceChildren(number, holder);
  row.setAttribute("data-edit", "");
  open.first ??= fieldsOf(form);
  window.htmx?.process(form);
  bindDirty(holder);
  readyRule(form);
  (holder.querySelector("[role=alert]") ?? form.elements.namedItem("name")).focus();
}

async function edit(row, address) {
  if (open && fieldsOf(formOf(open.row)) !== open.first) {
    formOf(open.row).elements.namedItem("name").focus();
    toast("Save or cancel the rule that is open first.");
    return;
  }
  row.setAttribute("aria-busy", "true");
  const answer = await fetch(address).catch(() => null);
  const page = answer?.ok && parse(await answer.text());
  row.removeAttribute("aria-busy");
  if (!page || !formOf(page)) { location.assign(address); return; }
  if (open) close();
  row.querySelector("details[open]")?.removeAttribute("open");
  open = { row, closed: [...row.childNodes], sending: false };
  show(page);
}

async function send(form, button) {
  if (open.sending) return;
  open.sending = true;
  const { row } = open;
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form, button), redirect: "manual" }).catch(() => null);
  open.sending = false;
  if (answer?.type === "opaqueredirect") {
    close();
    location.hash = row.id;
    location.reload();
    return;
  }
  const page = answer && parse(await answer.text());
  if (page && formOf(page)) show(page);
  else if (!answer) toast("The server can’t be reached. Nothing was changed.", { danger: true });
  else form.submit();
}

document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-rule]");
  const link = row && event.target.closest("[data-edit-rule]");
  if (link && ROOM.matches && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
    event.preventDefault();
    edit(row, link.href);
  } else if (open && event.target.closest("[data-cancel-rule]")) {
    event.preventDefault();
    close();
    announce(`Rule ${row.dataset.number} stays as it was.`);
  }
});
// Before the page's own keys: on a rule, E means this rule.
document.addEventListener("keydown", (event) => {
  const row = document.activeElement?.closest("[data-rule]:not([data-edit])");
  const plain = event.key.toLowerCase() === "e" && !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
  if (!row || !plain || document.activeElement.matches("input, textarea, select") || document.documentElement.dataset.shortcuts === "off") return;
  event.preventDefault();
  row.querySelector("[data-edit-rule]").click();
}, true);
document.addEventListener("submit", (event) => {
  if (!open || event.target !== formOf(open.row)) return;
  event.preventDefault();
  event.stopPropagation();
  send(event.target, event.submitter);
}, true);
