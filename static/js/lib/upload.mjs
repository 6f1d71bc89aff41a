// [data-upload="/address"] sends each chosen photo by itself, scaled to 2048 px without its GPS
// data, with progress, cancel and retry. Without the attribute, or without JavaScript, the plain
// file input goes with the form. The answer of an upload is the finished <li>.
const SIDE = 2048;

export function bindUploads(root = document) {
  for (const box of root.querySelectorAll(".field:has([data-drop])")) bindBox(box);
}

function bindBox(box) {
  const input = box.querySelector("input[type=file]");
  const drop = box.querySelector("[data-drop]");
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.toggleAttribute("data-over", kind === "dragover");
      if (kind === "drop") { input.files = event.dataTransfer.files; input.dispatchEvent(new Event("change", { bubbles: true })); }
    });
  }
  input.addEventListener("change", () => {
    if (!box.dataset.upload) {
      const chosen = box.querySelector("[data-chosen]");
      if (chosen) chosen.textContent = [...input.files].map((file) => file.name).join(", ");
      return;
    }
    for (const file of input.files) add(box, file);
    input.value = "";
  });
  box.addEventListener("click", (event) => {
    const remove = event.target.closest("[data-upload-remove]");
    if (!remove || !box.dataset.upload) return;
    event.preventDefault();
    const item = remove.closest("li");
    send(remove.dataset.uploadRemove, new FormData(), () => {}).then(() => { item.remove(); input.focus(); });
  });
}

function add(box, file) {
  const item = box.querySelector("[data-file-template]").content.firstElementChild.cloneNode(true);
  item.querySelector("img").src = URL.createObjectURL(file);
  box.querySelector("[data-drop-tile]").before(item);
  const say = (state, text) => { item.dataset.state = state; item.querySelector("[data-state-text]").textContent = text; };
  const bar = item.querySelector("progress"), retry = item.querySelector("[data-upload-retry]");
  let request = null, reached = 0;
  item.querySelector("[data-upload-cancel]").addEventListener("click", () => { request?.abort(); item.remove(); });
  retry.addEventListener("click", start);

  async function start() {
    retry.hidden = true;
    bar.hidden = false;
    if (!/^image\/(jpeg|png|webp|heic|heif)$/.test(file.type)) return fail(box.dataset.wordsType);
    const body = new FormData();
    body.append("file", await scaled(file), file.name.replace(/\.\w+$/, ".jpg"));
    if (body.get("file").size > Number(box.dataset.maxBytes)) return fail(box.dataset.wordsSize);
    say("uploading", "0%");
    try {
      const html = await send(box.dataset.upload, body, (percent) => { reached = percent; bar.value = percent; say("uploading", `${percent}%`); }, (sent) => { request = sent; });
      item.outerHTML = html;
      box.dispatchEvent(new CustomEvent("uploaded", { bubbles: true }));
    } catch (error) {
      fail(error.message || `${box.dataset.wordsStopped} ${reached}%`, true);
    }
  }
  function fail(text, again = false) { say("error", text); bar.hidden = true; retry.hidden = !again; }
  start();
}

// Drawing on a canvas scales the photo and leaves the GPS position behind.
async function scaled(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const factor = Math.min(1, SIDE / Math.max(picture.width, picture.height));
    const canvas = new OffscreenCanvas(Math.round(picture.width * factor), Math.round(picture.height * factor));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: "image/jpeg", quality: 0.86 });
  } catch {
    return file; // a format this browser cannot draw: the server decides
  }
}

function send(address, body, onProgress, onStart = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    const token = JSON.parse(document.body.getAttribute("hx-headers") || "{}")["x-csrftoken"];
    if (token) request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) onProgress(Math.round((event.loaded / event.total) * 100)); });
    request.addEventListener("load", () => (request.status < 300 ? resolve(request.responseText) : reject(new Error(request.status < 500 ? request.responseText.slice(0, 200) : ""))));
    request.addEventListener("error", () => reject(new Error("")));
    onStart(request);
    request.send(body);
  });
}
