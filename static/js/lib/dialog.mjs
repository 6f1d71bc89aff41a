// Native dialogs: any [data-dialog-open="id"] opens, [data-dialog-close] closes, a press on the
// backdrop closes. Focus goes back to the opener by itself.
export function bindDialogs(root = document) {
  for (const opener of root.querySelectorAll("[data-dialog-open]")) opener.hidden = false;
  root.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const dialog = document.getElementById(opener.dataset.dialogOpen);
      if (!dialog) return;
      event.preventDefault();
      dialog.showModal();
      return;
    }
    const closer = event.target.closest("[data-dialog-close]");
    if (closer) closer.closest("dialog")?.close();
    else if (event.target.matches("dialog.dialog")) event.target.close();
  });
}
