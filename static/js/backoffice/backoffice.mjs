// Every back-office page. Pages add their own module beside it.
import { bindCopy } from "../lib/copy.mjs";
import { bindDialogs } from "../lib/dialog.mjs";
import { bindDirty } from "../lib/dirty.mjs";
import { bindFocus } from "../lib/focus.mjs";
import { bindForms } from "../lib/forms.mjs";
import { bindKeys } from "../lib/keys.mjs";
import { bindPoll } from "../lib/poll.mjs";
import { bindPrint } from "../lib/print.mjs";
import { bindTheme } from "../lib/theme.mjs";
import { bindToasts, toast } from "../lib/toast.mjs";

bindTheme();
bindFocus();
bindForms();
bindDialogs();
bindToasts();
bindDirty();
bindKeys();
bindPoll();
bindPrint();
bindCopy();

document.body.addEventListener("htmx:sendError", () => toast("The server can’t be reached. Nothing was changed.", { danger: true }));
document.body.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  const code = event.detail.xhr.getResponseHeader("X-Request-Id") ?? "";
  toast(status === 403 ? "You can’t do this. Ask an owner." : `That’s our fault. Nothing was changed. Code ${code}`, { danger: true });
});
