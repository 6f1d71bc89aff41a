// Branding: while the colour, the corners or the font change, the contrast table and the frames follow.
const form = document.querySelector("[data-branding]");
const text = form.querySelector("[name=brand_color]");
const picker = form.querySelector("[data-color]");
let timer = 0;

picker.hidden = false;

async function follow() {
  if (!/^#[0-9a-f]{6}$/i.test(text.value)) return;
  const radius = form.querySelector("[name=brand_radius]:checked")?.value ?? "12";
  const font = form.querySelector("[name=brand_font]").value;
  const query = new URLSearchParams({ color: text.value, radius, font });
  for (const frame of document.querySelectorAll("[data-frame]")) {
    frame.src = `${form.dataset.preview}?${query}&scheme=${frame.dataset.frame}`;
  }
  const answer = await fetch(`${form.dataset.derive}?${query}`, { credentials: "same-origin" });
  if (answer.ok) document.getElementById("contrast").outerHTML = await answer.text();
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(follow, 150);
}

picker.addEventListener("input", () => {
  text.value = picker.value;
  text.dispatchEvent(new Event("input", { bubbles: true }));
});
text.addEventListener("input", () => {
  if (/^#[0-9a-f]{6}$/i.test(text.value)) picker.value = text.value.toLowerCase();
  later();
});
form.addEventListener("change", (event) => {
  if (["brand_radius", "brand_font"].includes(event.target.name)) later();
});
