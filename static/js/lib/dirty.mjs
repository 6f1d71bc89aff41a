// A form [data-dirty] asks before its changes are left behind and shows its [data-dirty-bar].
export function bindDirty(root = document) {
  for (const form of root.querySelectorAll("form[data-dirty]")) {
    const first = snapshot(form);
    const bar = form.querySelector("[data-dirty-bar]");
    let sending = false;
    const changed = () => snapshot(form) !== first;
    const show = () => { if (bar) bar.hidden = !changed(); };
    show();
    form.addEventListener("input", show);
    form.addEventListener("reset", () => requestAnimationFrame(show));
    form.addEventListener("submit", () => { sending = true; });
    addEventListener("beforeunload", (event) => { if (!sending && form.isConnected && changed()) event.preventDefault(); });
  }
}

const snapshot = (form) =>
  JSON.stringify([...new FormData(form)].map(([name, value]) => [name, value instanceof File ? value.name : value]));
