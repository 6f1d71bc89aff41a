// One rule: a condition is added on the spot; its fields come from the server once a fact is chosen.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-add-row]");
  if (!button) return;
  event.preventDefault();
  const number = button.dataset.addRow;
  button.dataset.addRow = Number(number) + 1;
  const row = document.getElementById("blank-row").content.firstElementChild.cloneNode(true);
  const holder = document.createElement("div");
  holder.append(row);
  holder.innerHTML = holder.innerHTML.replaceAll("__n__", number);
  const added = document.getElementById("rows").appendChild(holder.firstElementChild);
  window.htmx?.process(added);
  added.querySelector("select").focus();
});

// What is typed while the fields are on their way stays: it is newer than what comes back.
const typed = (fields) =>
  new Map([...fields.querySelectorAll("input[id]:not([type=checkbox]), textarea[id], select[id]")].map((one) => [one.id, one.value]));
let asked = new Map();
let since = [];
document.addEventListener("htmx:beforeRequest", () => { asked = typed(document.getElementById("rule-fields")); });
document.addEventListener("htmx:beforeSwap", () => {
  since = [...typed(document.getElementById("rule-fields"))].filter(([id, value]) => asked.get(id) !== value);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const [id, value] of since) {
    const field = document.getElementById(id);
    if (field) field.value = value;
  }
  since = [];
});
