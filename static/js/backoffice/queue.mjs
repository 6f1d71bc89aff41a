// Queue: the bulk bar counts what is ticked. Rows carry aria-selected; the bar [data-bulk] shows
// itself when JavaScript runs and something is ticked; [data-bulk-count] holds the number.
import { announce } from "../lib/focus.mjs";

const bar = document.querySelector("[data-bulk]");
const boxes = () => [...document.querySelectorAll("[data-cursor-row] input[type=checkbox]")];

function refresh() {
  const ticked = boxes().filter((box) => box.checked);
  for (const box of boxes()) box.closest("[data-cursor-row]").setAttribute("aria-selected", String(box.checked));
  const all = document.querySelector("[data-check-all]");
  if (all) {
    all.checked = ticked.length > 0 && ticked.length === boxes().length;
    all.indeterminate = ticked.length > 0 && !all.checked;
  }
  if (!bar) return;
  bar.hidden = ticked.length === 0;
  for (const count of bar.querySelectorAll("[data-bulk-count]")) count.textContent = ticked.length;
}

document.addEventListener("change", (event) => { if (event.target.matches("[data-cursor-row] input, [data-check-all]")) refresh(); });
document.addEventListener("htmx:afterSettle", refresh);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  for (const box of boxes()) if (box.checked) box.click();
});
document.querySelector("[data-bulk-clear]")?.addEventListener("click", () => {
  for (const box of boxes()) if (box.checked) box.click();
  announce(document.querySelector("[data-bulk-clear]").dataset.said ?? "");
});
refresh();
document.querySelector("[data-bulk-clear]")?.removeAttribute("hidden");
