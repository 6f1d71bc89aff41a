// Turn one piece of the page into another in place: what stays the same element keeps its focus, its
// selection and what is being typed in it. Children meet by id, those without one by their order.
// An element marked [data-fresh] was added here and is not yet known elsewhere: it stays.
export function morph(from, to, added = () => {}) {
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || (from.id ?? "") !== (to.id ?? "")) {
    const copy = document.importNode(to, true);
    from.replaceWith(copy);
    if (copy.nodeType === Node.ELEMENT_NODE) added(copy);
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !(name === "open" && from.nodeName === "DETAILS")) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  morphChildren(from, to, added);
  if (!from.matches("input, select, textarea")) return;
  for (const state of ["value", "checked"]) if (from[state] !== to[state]) from[state] = to[state];
}

function morphChildren(from, to, added) {
  const wanted = new Set([...to.children].map((child) => child.id).filter(Boolean));
  for (const child of [...from.children]) {
    if (child.id && !wanted.has(child.id) && !("fresh" in child.dataset)) child.remove();
  }
  let at = from.firstChild;
  for (const next of [...to.childNodes]) {
    const known = next.id && [...from.children].find((child) => child.id === next.id);
    if (known && known !== at) from.insertBefore(known, at);
    const same = known || (at && !at.id && !next.id && at.nodeName === next.nodeName && at);
    if (!same) {
      const copy = document.importNode(next, true);
      from.insertBefore(copy, at);
      if (copy.nodeType === Node.ELEMENT_NODE) added(copy);
      continue;
    }
    if (same === at) at = at.nextSibling;
    morph(same, next, added);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    if (!("fresh" in (gone.dataset ?? {}))) gone.remove();
  }
}
