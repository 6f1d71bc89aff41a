// The policy: Alt and an arrow move the rule that has the focus, a grip drags it; what a change did is
// spoken.
import { announce } from "../lib/focus.mjs";

document.addEventListener("keydown", (event) => {
  if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  const way = event.key === "ArrowUp" ? "up" : "down";
  const button = event.target.closest("[data-rule]")?.querySelector(`[data-move=${way}]`);
  if (!button) return;
  event.preventDefault();
  button.form.requestSubmit(button);
});

// A rule is dragged by its grip among those of its list; it is sent to its place as by its menu.
let drag = null;

function startDrag(event) {
  const row = event.target.closest("[data-grip]")?.closest("[data-rule]");
  if (!row || drag || event.button !== 0) return;
  event.preventDefault();
  drag = { row, pointer: event.pointerId, from: event.pageY, place: null };
  row.setAttribute("data-dragging", "");
}

// The neighbour whose place it would take: upwards the first that the pointer is above the middle of,
// downwards the last that it is below the middle of.
function placeAt(y) {
  const rows = [...drag.row.parentElement.querySelectorAll(":scope > [data-rule]")];
  const at = rows.indexOf(drag.row);
  const middle = (row) => { const box = row.getBoundingClientRect(); return box.top + box.height / 2; };
  const above = rows.slice(0, at).find((row) => y < middle(row));
  if (above) return { row: above, side: "before" };
  const below = rows.slice(at + 1).reverse().find((row) => y > middle(row));
  return below ? { row: below, side: "after" } : null;
}

function onDrag(event) {
  if (event.pointerId !== drag?.pointer) return;
  const edge = 48;
  if (event.clientY < edge) scrollBy(0, -12);
  if (event.clientY > innerHeight - edge) scrollBy(0, 12);
  drag.row.style.translate = `0 ${event.pageY - drag.from}px`;
  drag.place?.row.removeAttribute("data-drop");
  drag.place = placeAt(event.clientY);
  drag.place?.row.setAttribute("data-drop", drag.place.side);
}

function endDrag(place) {
  const { row } = drag;
  drag.place?.row.removeAttribute("data-drop");
  drag = null;
  row.style.translate = "";
  row.removeAttribute("data-dragging");
  if (!place) return;
  const field = row.querySelector("[data-position]");
  field.value = place.row.dataset.number;
  field.form.requestSubmit();
}

for (const grip of document.querySelectorAll("[data-grip]")) grip.hidden = false;
document.addEventListener("pointerdown", startDrag);
document.addEventListener("pointermove", onDrag);
document.addEventListener("pointerup", (event) => { if (event.pointerId === drag?.pointer) endDrag(drag.place); });
document.addEventListener("pointercancel", (event) => { if (event.pointerId === drag?.pointer) endDrag(null); });
document.addEventListener("keydown", (event) => { if (drag && event.key === "Escape") endDrag(null); });

// A menu closes with Escape and when the focus leaves it.
for (const menu of document.querySelectorAll(".pe-menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
  });
}

// After a change the page comes back to its rule; browsers do not speak a region that was there.
const rule = location.hash.startsWith("#rule-") && document.getElementById(location.hash.slice(1));
if (rule) {
  rule.focus();
  announce(document.querySelector("#toasts [data-toast] span")?.textContent ?? "");
}
