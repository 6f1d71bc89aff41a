// Every portal page. Pages add their own module beside it.
import { bindDialogs } from "../lib/dialog.mjs";
import { bindFocus } from "../lib/focus.mjs";
import { bindForms } from "../lib/forms.mjs";
import { bindPoll } from "../lib/poll.mjs";
import { bindPrint } from "../lib/print.mjs";

bindFocus();
bindForms();
bindDialogs();
bindPoll();
bindPrint();
