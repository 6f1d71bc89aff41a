"""The HTML of the mail catcher: a list, one message, and the message's own HTML apart."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from returns_portal.local.mail_store import Caught

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; background: #f6f7f8; }
header { background: #fff; border-bottom: 1px solid #d5d9de; padding: 14px 24px; }
header a { color: inherit; text-decoration: none; }
h1 { font-size: 18px; margin: 0; }
h2 { font-size: 22px; margin: 0 0 8px; }
main { max-width: 960px; margin: 24px auto; padding: 0 16px; }
.card { background: #fff; border: 1px solid #d5d9de; border-radius: 8px; padding: 16px 20px; }
.row { display: block; padding: 12px 20px; border-top: 1px solid #e6e9ec; color: inherit;
       text-decoration: none; overflow-wrap: anywhere; }
.row:first-child { border-top: 0; }
.row:hover, .row:focus { background: #eef3f8; }
.list { padding: 0; overflow: hidden; }
.subject { font-weight: 600; }
.quiet { color: #59636e; font-size: 14px; }
nav { display: flex; gap: 16px; margin: 16px 0; flex-wrap: wrap; }
a { color: #0b57a4; }
nav a[aria-current] { color: inherit; font-weight: 600; text-decoration: none; }
iframe { width: 100%; height: 70vh; border: 1px solid #d5d9de; border-radius: 8px;
         background: #fff; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 14px/1.5 ui-monospace, monospace;
      margin: 0; }
ul { padding-left: 20px; }
"""


def page(title: str, body: str) -> str:
    """Wrap a body in the catcher's frame."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/style.css"></head><body>'
        '<header><h1><a href="/">E-mails caught on this machine</a></h1></header>'
        f"<main>{body}</main></body></html>"
    )


def listing(messages: list[Caught], total: int) -> str:
    """Show the newest messages."""
    if not messages:
        body = (
            '<div class="card"><h2>No e-mails yet</h2><p>Every e-mail the product sends lands '
            "here instead of leaving the machine. Start a return, then reload this page.</p></div>"
        )
        return page("No e-mails yet", body)
    rows = "".join(
        f'<a class="row" href="/messages/{message.key}">'
        f'<span class="subject">{escape(message.subject)}</span><br>'
        f'<span class="quiet">To {escape(message.recipients)} · {message.received}'
        f"{attachment_note(message)}</span></a>"
        for message in messages
    )
    shown = (
        f"{total} e-mails" if total == len(messages) else f"The newest {len(messages)} of {total}"
    )
    body = f'<p class="quiet">{shown}</p><div class="card list">{rows}</div>'
    return page("E-mails", body)


def attachment_note(message: Caught) -> str:
    """Count the attachments, if any."""
    count = len(message.attachments)
    return f" · {count} attachment{'s' if count > 1 else ''}" if count else ""


def detail(message: Caught, view: str) -> str:
    """Show one message as HTML, text or headers."""
    views = [("html", "HTML")] if message.html else []
    views += [("text", "Plain text"), ("headers", "Headers")]
    if view not in dict(views):
        view = views[0][0]
    links = "".join(
        f'<a href="/messages/{message.key}?view={name}"{current}>{label}</a>'
        for name, label in views
        for current in [' aria-current="page"' if name == view else ""]
    )
    body = (
        f"<h2>{escape(message.subject)}</h2>"
        f'<p class="quiet">From {escape(message.sender)}<br>To {escape(message.recipients)}<br>'
        f"Received {message.received}</p>{attachments(message)}"
        f'<nav aria-label="Views">{links}<a href="/messages/{message.key}/raw">Source</a></nav>'
        f"{content(message, view)}"
    )
    return page(message.subject, body)


def attachment_path(message: Caught, position: int) -> str:
    """Return the address an attachment is downloaded from."""
    name = quote(message.attachments[position].name, safe="")
    return f"/messages/{message.key}/attachments/{position}/{name}"


def attachments(message: Caught) -> str:
    """List the attachments as downloads."""
    if not message.attachments:
        return ""
    items = "".join(
        f'<li><a href="{attachment_path(message, position)}">'
        f"{escape(part.name)}</a> "
        f'<span class="quiet">{escape(part.kind)}, {len(part.content):,} bytes</span></li>'
        for position, part in enumerate(message.attachments)
    )
    return f"<ul>{items}</ul>"


def content(message: Caught, view: str) -> str:
    """Show one representation of the message."""
    if view == "html":
        # The frame has no permissions: a message cannot run scripts or reach this page.
        return (
            f'<iframe title="The e-mail as HTML" sandbox="allow-popups" '
            f'src="/messages/{message.key}/html"></iframe>'
        )
    if view == "headers":
        lines = "\n".join(f"{name}: {value}" for name, value in message.headers)
        return f'<div class="card"><pre>{escape(lines)}</pre></div>'
    return f'<div class="card"><pre>{escape(message.text or "(no plain text)")}</pre></div>'


def inline_images(message: Caught) -> str:
    """Point the HTML's `cid:` images at their parts."""
    html = message.html
    for position, part in enumerate(message.attachments):
        if part.content_id:
            html = html.replace(f"cid:{part.content_id}", attachment_path(message, position))
    return html
