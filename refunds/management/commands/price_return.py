"""``manage.py price_return``: price refund questions, one JSON object per line, no database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand

from refunds.pricing_io import price_json


class Command(BaseCommand):
    help = (
        "Price refunds: reads one JSON object per line on standard input (currency, order, "
        "payments, prior_refunds, return, policy) and writes one JSON object per line."
    )
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        for answer in answers(sys.stdin):
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
            self.stdout.flush()


def answers(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield one answer per non-empty line; a line that is no JSON object gets an error answer."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = json.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError):
            question = None
        if not isinstance(question, dict):
            yield {
                "error": "invalid_json",
                "message": f"Line {number} is no JSON object. Put one object on each line.",
                "refund_minor": 0,
            }
            continue
        answer = price_json(question)
        if "id" in question:
            answer = {"id": question["id"], **answer}
        yield answer
