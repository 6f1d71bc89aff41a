// Focus rules: an error summary takes focus when it appears; the server may name the next element
// with HX-Trigger-After-Settle: {"focus": "#id"}.
export function bindFocus(root = document) {
  const settle = (scope) => scope.querySelector("[data-autofocus]")?.focus();
  settle(root);
  root.addEventListener("focus", (event) => {
    if (typeof event.detail?.value !== "string") return;
    const target = root.querySelector(event.detail.value);
    if (!target) return;
    if (target.tabIndex < 0 && !target.hasAttribute("tabindex")) target.tabIndex = -1;
    target.focus();
  });
  root.addEventListener("htmx:afterSettle", (event) => settle(event.detail.elt));
}

// Say something to screen readers in the page's one live region.
export function announce(text) {
  const live = document.getElementById("live");
  if (!live) return;
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}
