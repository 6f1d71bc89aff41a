import { announce } from "./focus.mjs";

// [data-poll="/address"] is replaced by that address's HTML every data-poll-every seconds (60) while
// the page is visible; it stops when the answer says X-Poll: stop or the element goes away. What has
// the focus keeps it if the answer has the same id; else nothing moves under it until the last
// answer, whose [data-say] is read out. A field that somebody is in is left alone.
export function bindPoll(root = document) {
  for (const element of root.querySelectorAll("[data-poll]")) watch(element);
}

function watch(element) {
  const wait = Number(element.dataset.pollEvery || 60) * 1000;
  let last = Date.now();
  hideLinks();
  const timer = setInterval(check, Math.min(wait, 5000));
  document.addEventListener("visibilitychange", check);
  let asking = false;

  async function check() {
    if (!element.isConnected) return stop();
    if (document.hidden || asking || Date.now() - last < wait) return;
    asking = true;
    try {
      const answer = await fetch(element.dataset.poll, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      const last = answer.headers.get("X-Poll") === "stop";
      if (answer.status === 200) swap(await answer.text(), last);
      if (last || answer.status === 404) stop();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // offline: the next round tries again
    } finally {
      asking = false;
      last = Date.now();
    }
  }

  function swap(html, last) {
    if (element.innerHTML.trim() === html.trim()) return;
    const inside = element.contains(document.activeElement);
    const held = inside ? document.activeElement.id : "";
    if (inside && document.activeElement.matches("input, select, textarea")) return;
    if (inside && !last && !(held && html.includes(`id="${held}"`))) return;
    element.innerHTML = html;
    hideLinks();
    if (inside) refocus(held);
    if (last) say();
    element.dispatchEvent(new CustomEvent("polled", { bubbles: true }));
  }

  function refocus(id) {
    const same = id && document.getElementById(id);
    if (!same) element.tabIndex = -1;
    (same || element).focus({ preventScroll: true });
  }

  function say() {
    const text = element.querySelector("[data-say]")?.textContent;
    if (text) announce(text);
  }

  // What does the same by hand.
  function hideLinks() {
    for (const link of element.querySelectorAll("[data-nojs]")) link.hidden = true;
  }

  function stop() {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", check);
  }
}
