// Items page: photo uploads.
import { bindUploads } from "../lib/upload.mjs";

bindUploads();

// A form waits for uploads that are under way, then goes.
document.addEventListener("submit", (event) => {
  if (!event.target.querySelector('[data-files] [data-state="uploading"]')) return;
  event.preventDefault();
  event.target.addEventListener("uploaded", () => {
    if (!event.target.querySelector('[data-files] [data-state="uploading"]')) event.target.requestSubmit();
  });
}, true);
