// Toasts leave after 10 seconds, which stop while one is hovered or focused; errors stay.
const LIFE = 10;

function start(toast) {
  if (toast.dataset.bound) return;
  toast.dataset.bound = "1";
  const close = toast.querySelector("[data-toast-close]");
  if (close) { close.hidden = false; close.addEventListener("click", () => toast.remove()); }
  const bar = toast.querySelector("progress");
  if (toast.dataset.tone === "danger") return;
  if (bar) bar.hidden = false;
  let left = LIFE;
  const timer = setInterval(() => {
    if (toast.matches(":hover, :focus-within")) return;
    left -= 0.25;
    if (bar) bar.value = left;
    if (left <= 0) { clearInterval(timer); toast.remove(); }
  }, 250);
}

export function bindToasts() {
  const region = document.getElementById("toasts");
  if (!region) return;
  const all = () => region.querySelectorAll("[data-toast]").forEach(start);
  all();
  new MutationObserver(all).observe(region, { childList: true });
}

// Show a toast from a module, such as when the server cannot be reached.
export function toast(text, { danger = false, action = null, label = "" } = {}) {
  const region = document.getElementById("toasts");
  if (!region) return;
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.toast = "";
  if (danger) { box.dataset.tone = "danger"; box.setAttribute("role", "alert"); }
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => { box.remove(); action(); });
    box.append(button);
  }
  const close = document.createElement("button");
  close.type = "button";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", region.dataset.closeLabel ?? "Close");
  close.textContent = "×";
  box.append(close);
  region.append(box);
}
