// Queue: the drawer shows the row under the cursor. On wide screens it is open from the start; Space
// opens it, its close button and Escape close it.
import { announce } from "../lib/focus.mjs";

const drawer = document.getElementById("drawer");
const wide = matchMedia("(width >= 1180px)");
const kept = new Map();
let wanted = null;
let timer = 0;

async function fragment(address) {
  if (!kept.has(address)) {
    kept.set(address, fetch(address, { headers: { "HX-Request": "true" }, credentials: "same-origin" }).then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.text();
    }));
  }
  return kept.get(address);
}

async function show(row) {
  wanted = row;
  const address = row.dataset.peek;
  try {
    const html = await fragment(address);
    if (wanted !== row) return;
    drawer.innerHTML = html;
    drawer.hidden = false;
    drawer.dispatchEvent(new CustomEvent("drawer-shown", { bubbles: true }));
  } catch {
    kept.delete(address);
    announce("This return can’t be shown right now.");
  }
}

function close() {
  wanted = null;
  drawer.hidden = true;
  document.querySelector("[data-cursor-row][data-cursor]")?.focus();
}

document.addEventListener("cursor-move", (event) => {
  if (drawer.hidden) return;
  clearTimeout(timer);
  timer = setTimeout(() => show(event.target), 120);
});
document.addEventListener("cursor-peek", (event) => (drawer.hidden ? show(event.target) : close()));
document.addEventListener("click", (event) => { if (event.target.closest("[data-drawer-close]")) close(); });
// Escape closes one layer at a time: dialog, selection, drawer. Asked before the selection is cleared.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || drawer.hidden || document.querySelector("dialog[open], [data-cursor-row] input:checked")) return;
  close();
}, true);

// [ and ] go to the view before and after.
document.addEventListener("keydown", (event) => {
  const step = { "[": -1, "]": 1 }[event.key];
  if (!step || event.ctrlKey || event.metaKey || document.activeElement?.matches("input, textarea, select")) return;
  if (document.documentElement.dataset.shortcuts === "off" || document.querySelector("dialog[open]")) return;
  const views = [...document.querySelectorAll(".tabs a")];
  views[views.findIndex((view) => view.ariaCurrent) + step]?.click();
});

const first = document.querySelector("[data-cursor-row]");
if (first && wide.matches) show(first);
