// [data-theme-toggle] switches between light and dark and remembers it on this device.
const KEY = "theme";
const root = document.documentElement;

const stored = () => { try { return localStorage.getItem(KEY); } catch { return null; } };
const isDark = () =>
  root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

export function bindTheme() {
  if (!root.dataset.theme && stored()) root.dataset.theme = stored();
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(isDark()));
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      button.setAttribute("aria-pressed", String(isDark()));
      try { localStorage.setItem(KEY, root.dataset.theme); } catch { /* private mode: lasts for this page */ }
    });
  }
}
