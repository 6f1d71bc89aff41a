// [data-print] prints the page. Documents are links to their PDF: the browser prints those itself.
export function bindPrint(root = document) {
  root.addEventListener("click", (event) => {
    const control = event.target.closest("[data-print]");
    if (!control) return;
    event.preventDefault();
    window.print();
  });
  for (const control of root.querySelectorAll("[data-print]")) control.hidden = false;
}
