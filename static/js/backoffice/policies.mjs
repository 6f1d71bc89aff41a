// The policy: Alt and an arrow move the rule that has the focus; what a change did is spoken.
import { announce } from "../lib/focus.mjs";

document.addEventListener("keydown", (event) => {
  if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  const way = event.key === "ArrowUp" ? "up" : "down";
  const button = event.target.closest("[data-rule]")?.querySelector(`[data-move=${way}]`);
  if (!button) return;
  event.preventDefault();
  button.form.requestSubmit(button);
});

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
