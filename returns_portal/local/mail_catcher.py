"""Catch every e-mail on loopback and show it on a page; nothing is ever sent on.

Run it as `python -m returns_portal.local.mail_catcher --folder F --smtp-port N --page-port N`.
`GET /messages.json` lists the messages for scripts.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from returns_portal.local import mail_pages
from returns_portal.local.mail_store import Caught, MailStore

LARGEST_MESSAGE = 40 * 1024 * 1024
LISTED = 200
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'"
# A message may look as it likes, but loads nothing from elsewhere and runs nothing.
MESSAGE_POLICY = (
    "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"
)


class Catcher:
    """Accept any recipient and keep the message."""

    def __init__(self, store: MailStore) -> None:
        self.store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        return f"250 Caught as {self.store.keep(raw)}"


class PageHandler(BaseHTTPRequestHandler):
    """Answer the page's few addresses."""

    server_version = "MailCatcher"
    protocol_version = "HTTP/1.1"

    def __init__(self, store: MailStore, *arguments: Any) -> None:
        self.store = store
        super().__init__(*arguments)

    def do_GET(self) -> None:  # noqa: N802
        address = urlsplit(self.path)
        match address.path.strip("/").split("/"):
            case [""]:
                self.show_list()
            case ["style.css"]:
                self.answer(mail_pages.STYLE.encode(), "text/css; charset=utf-8")
            case ["messages.json"]:
                self.list_as_json()
            case ["messages", key, *rest]:
                self.show_message(key, rest, parse_qs(address.query).get("view", [""])[0])
            case _:
                self.missing()

    def show_list(self) -> None:
        keys = self.store.keys()
        messages = [self.store.read(key) for key in keys[:LISTED]]
        self.page(mail_pages.listing([one for one in messages if one is not None], len(keys)))

    def list_as_json(self) -> None:
        messages = [self.store.read(key) for key in self.store.keys()[:LISTED]]
        rows = [summary(one) for one in messages if one is not None]
        self.answer(json.dumps({"messages": rows}).encode(), "application/json")

    def show_message(self, key: str, rest: list[str], view: str) -> None:
        message = self.store.read(key)
        if message is None:
            self.missing()
            return
        match rest:
            case []:
                self.page(mail_pages.detail(message, view))
            case ["html"]:
                html = mail_pages.inline_images(message).encode()
                self.answer(html, "text/html; charset=utf-8", policy=MESSAGE_POLICY)
            case ["text"]:
                self.answer(message.text.encode(), "text/plain; charset=utf-8")
            case ["raw"]:
                self.answer(self.store.raw(key) or b"", "text/plain; charset=utf-8")
            case ["attachments", number, _] if number.isdigit():
                self.download(message, int(number))
            case _:
                self.missing()

    def download(self, message: Caught, number: int) -> None:
        if number >= len(message.attachments):
            self.missing()
            return
        part = message.attachments[number]
        # Only pictures and PDF are shown in place; the rest could be a page of its own.
        shown = part.kind in {"application/pdf", "image/png", "image/jpeg", "image/webp"}
        kind = part.kind if shown else "application/octet-stream"
        disposition = "inline" if shown else "attachment"
        header = f"{disposition}; filename*=UTF-8''{quote(part.name, safe='')}"
        self.answer(part.content, kind, extra={"Content-Disposition": header}, policy="")

    def page(self, html: str) -> None:
        self.answer(html.encode(), "text/html; charset=utf-8")

    def missing(self) -> None:
        body = mail_pages.page("Not found", "<h2>There is no such e-mail</h2>").encode()
        self.answer(body, "text/html; charset=utf-8", status=HTTPStatus.NOT_FOUND)

    def answer(
        self,
        body: bytes,
        kind: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        policy: str = PAGE_POLICY,
        extra: dict[str, str] | None = None,
    ) -> None:
        """Send one response; nothing is cached, because the list changes."""
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        if policy:
            headers["Content-Security-Policy"] = policy
        for name, value in (headers | (extra or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the log for errors; page views are noise."""


def summary(message: Caught) -> dict[str, object]:
    """Return what a script needs to find a message and read it."""
    return {
        "key": message.key,
        "from": message.sender,
        "to": message.recipients,
        "subject": message.subject,
        "date": message.date,
        "text": f"/messages/{message.key}/text",
        "html": f"/messages/{message.key}/html" if message.html else None,
        "attachments": [
            {
                "name": part.name,
                "kind": part.kind,
                "bytes": len(part.content),
                "path": mail_pages.attachment_path(message, position),
            }
            for position, part in enumerate(message.attachments)
        ],
    }


def serve(folder: Path, *, host: str, smtp_port: int, page_port: int) -> None:
    """Serve both until a signal."""
    store = MailStore(folder)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    smtp = Controller(
        Catcher(store), hostname=host, port=smtp_port, data_size_limit=LARGEST_MESSAGE
    )
    pages = ThreadingHTTPServer((host, page_port), partial(PageHandler, store))
    smtp.start()
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    ended.wait()
    pages.shutdown()
    pages.server_close()
    smtp.stop()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Catch e-mails and show them on a page.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--smtp-port", type=int, default=1025)
    parser.add_argument("--page-port", type=int, default=8025)
    options = parser.parse_args()
    serve(
        options.folder,
        host=options.host,
        smtp_port=options.smtp_port,
        page_port=options.page_port,
    )


if __name__ == "__main__":
    main()
