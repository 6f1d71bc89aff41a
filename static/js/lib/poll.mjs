// [data-poll="/address"] is replaced by that address's HTML every data-poll-every seconds (60) while
// the page is visible; it stops when the answer says X-Poll: stop or the element goes away.
export function bindPoll(root = document) {
  for (const element of root.querySelectorAll("[data-poll]")) watch(element);
}

function watch(element) {
  const wait = Number(element.dataset.pollEvery || 60) * 1000;
  let last = Date.now();
  const timer = setInterval(check, Math.min(wait, 5000));
  document.addEventListener("visibilitychange", check);
  let asking = false;

  async function check() {
    if (!element.isConnected) return stop();
    if (document.hidden || asking || Date.now() - last < wait) return;
    asking = true;
    try {
      const answer = await fetch(element.dataset.poll, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
      if (answer.status === 200) swap(await answer.text());
      if (answer.headers.get("X-Poll") === "stop" || answer.status === 404) stop();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // offline: the next round tries again
    } finally {
      asking = false;
      last = Date.now();
    }
  }

  function swap(html) {
    if (element.contains(document.activeElement) || element.innerHTML.trim() === html.trim()) return;
    element.innerHTML = html;
    element.dispatchEvent(new CustomEvent("polled", { bubbles: true }));
  }

  function stop() {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", check);
  }
}
