"""One JSON object a line, with the request or task id, and no personal facts.

What we log ourselves names rows by id. Django, libraries and PostgreSQL put addresses, queries and
rows into their messages, so every text is gone over before it is written.
"""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Django hands over the whole request, whose text is its address with the query.
_LEFT_OUT = _STANDARD | {"request"}
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-"
_PERSONAL = (
    # Rows and statements, as PostgreSQL quotes them in its errors.
    (re.compile(r"^(DETAIL|LINE \d+|CONTEXT):.*$", re.MULTILINE), r"\1: <left out>"),
    (re.compile(r"[^\s@<>\"'()=,:/?&]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"), "<e-mail>"),
    (re.compile(r"\b(?:rp_|sk_|rk_|whsec_|EZAK|EZTK)[\w-]{6,}"), "<secret>"),
    # Links that open something to whoever has them: returns, drafts, invitations, webhooks.
    (re.compile(rf"(?<=/)(?!{_UUID})[\w-]{{20,}}(?=[/?\s'\"]|$)", re.ASCII), "<token>"),
    (re.compile(r"\?[^\s'\"]*=[^\s'\"]*"), "?<query>"),
)


def masked(text: str) -> str:
    """Return ``text`` without e-mail addresses, keys, link tokens, queries and quoted rows."""
    for pattern, instead in _PERSONAL:
        text = pattern.sub(instead, text)
    return text


class JsonFormatter(logging.Formatter):
    """Format a record and its ``extra`` fields as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": masked(record.getMessage()),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        extra = {name: value for name, value in vars(record).items() if name not in _LEFT_OUT}
        line.update({k: masked(v) if isinstance(v, str) else v for k, v in extra.items()})
        if record.exc_info:
            line["trace"] = masked(self.formatException(record.exc_info))
        return json.dumps(line, default=str, ensure_ascii=False)
