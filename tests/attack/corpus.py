"""Values that break programs, and a way to take as many of them as there is time for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import cycle

# ``ATTACK=full`` tries everything with everything; otherwise each field gets its share in turn.
IS_FULL = os.environ.get("ATTACK", "") == "full"

SCRIPT = "\"'><script>alert(1)</script>{{7*7}}"
TEXTS = (
    "",
    "\0",
    "a\0b",
    "%00",
    "A" * 10_000,
    "-1",
    "0",
    "99999999999999999999",
    "9" * 5000,
    "1e309",
    "NaN",
    "Infinity",
    "٣",
    "²",
    "1,5",
    "0.001",
    "null",
    "[]",
    '{"a": 1}',
    "'; DROP TABLE rma_return; --",
    "%' OR 1=1 --",
    "../../../etc/passwd",
    "a\u202eb\u2066c",
    "e\u0301" + "\u0301" * 3000,
    SCRIPT,
    "=HYPERLINK(1)",
    "9999-12-31",
    "0001-01-01",
    "2026-02-30",
    "00000000-0000-0000-0000-000000000000",
    "x\r\nSet-Cookie: a=b",
    "💥" * 300,
    " \u00a0\t",
    "2147483648",
    "9223372036854775808",
    "//evil.example/",
    "javascript:alert(1)",
    "http://127.0.0.1:6379/",
)
# Bytes that are no UTF-8, as a browser would not send them but anybody can.
BROKEN_BYTES = (b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\x00")
# What stands in a path instead of a number, token or id; already quoted.
PATHS = (
    "%00",
    "a%00b",
    "%ff%fe",
    "%2e%2e%2f%2e%2e%2fetc",
    "A" * 3000,
    "-1",
    "0",
    "99999999999999999999999999",
    "%D9%A3",
    "%C2%B2",
    "%0d%0aSet-Cookie:%20a=b",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "%F0%9F%92%A5",
    "00000000-0000-0000-0000-000000000000",
    "R-0000-0000",
    "'%20OR%201=1",
    "{{7*7}}",
    ";",
    "a" * 24,
)
# Names of query parameters that any page may look at.
QUERY_NAMES = (
    "q", "view", "sort", "after", "before", "page", "status", "tab", "unit", "show", "peek",
    "stage", "reason", "wanted", "method", "channel", "days", "first", "last", "country",
    "location", "bucket", "color", "radius", "theme", "order", "part", "wait", "fault",
    "sold_out", "all", "next", "cursor", "limit", "number", "return", "back", "query",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


def share(values: Sequence[str], each: int) -> Iterator[Sequence[str]]:
    """Yield, for one field after the other, the next ``each`` of ``values``; all when full."""
    if IS_FULL:
        while True:
            yield values
    turn = cycle(values)
    while True:
        yield [next(turn) for _ in range(each)]
