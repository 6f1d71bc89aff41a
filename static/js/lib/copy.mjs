// A button that copies a field, where the browser can. Without it the field is selected by hand.
import { announce } from "./focus.mjs";

export function bindCopy() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(field.value);
        announce(button.dataset.copied);
      } catch {
        field.select();
      }
    });
  }
}
