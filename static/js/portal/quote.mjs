// A form [data-quote="/address"] asks for the money whenever an answer changes and puts the parts of
// the reply ([data-part="id"]) where they belong: the card, the bar, the details. Old amounts stay,
// dimmed after 400 ms, until the new ones are here; a later change drops an earlier request.
for (const form of document.querySelectorAll("form[data-quote]")) {
  let running = null, timer = 0;
  form.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 150);
  });
  // What was ticked before this ran, or comes back with the page, is news as well.
  window.addEventListener("pageshow", () => { if (isTouched(form)) ask(); });

  async function ask() {
    running?.abort();
    running = new AbortController();
    form.classList.add("htmx-request");
    try {
      const answer = await fetch(form.dataset.quote, {
        method: "POST", body: new FormData(form), signal: running.signal,
        headers: { "HX-Request": "true" }, credentials: "same-origin",
      });
      if (answer.ok || answer.status === 422) place(await answer.text());
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error;
    } finally {
      form.classList.remove("htmx-request");
    }
  }
}

function isTouched(form) {
  return [...form.elements].some((one) => (one.type === "checkbox" || one.type === "radio"
    ? one.checked !== one.defaultChecked
    : one.type !== "hidden" && "defaultValue" in one && one.value !== one.defaultValue));
}

function place(html) {
  const focused = document.activeElement?.id;
  const reply = new DOMParser().parseFromString(html, "text/html");
  for (const part of reply.querySelectorAll("[data-part]")) {
    for (const target of document.querySelectorAll(`[data-part="${CSS.escape(part.dataset.part)}"]`)) {
      target.replaceChildren(...[...part.childNodes].map((node) => document.importNode(node, true)));
    }
  }
  // What was pressed may have been drawn anew.
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
}
