"""Print where everything is, from what the demo seed wrote down.

The seed command writes JSON to the path in RP_DEMO_FACTS:

    {"merchants": [{
        "name": "Northloom", "slug": "northloom",
        "orders": [{"number": "#1001", "email": "ada@example.com", "what": "two items, ..."}],
        "members": [{"role": "owner", "email": "owner@...", "password": "..."}]
    }]}
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from returns_portal.local.progress import LocalError

INDENT = " " * 20


def read_facts(path: Path) -> list[dict[str, Any]]:
    """Return the demo merchants, or an empty list when none were seeded."""
    try:
        merchants: list[dict[str, Any]] = json.loads(path.read_text())["merchants"]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError) as broken:
        raise LocalError(
            f"{path} is damaged: start over with ./run --reset (this deletes the local data)."
        ) from broken
    return merchants


def addresses(merchants: list[dict[str, Any]], *, web_port: int, mail_port: int) -> list[str]:
    """Return the lines that tell a newcomer what to open and what to type."""
    base = f"http://localhost:{web_port}"
    lines = []
    for merchant in merchants:
        lines += ["", f"  {merchant['name']}"]
        lines.append(row("Shopper portal", f"{base}/r/{merchant['slug']}/"))
        orders = merchant.get("orders", [])
        numbers = max((len(order["number"]) for order in orders), default=0)
        mails = max((len(order["email"]) for order in orders), default=0)
        for order in orders:
            shown = f"{order['number']:<{numbers}}  {order['email']:<{mails}}"
            lines.append(f"{INDENT}order {shown}  {order.get('what', '')}".rstrip())
        lines.append(row("Back office", f"{base}/app/{merchant['slug']}/"))
        members = merchant.get("members", [])
        roles = max((len(member["role"]) for member in members), default=0)
        mails = max((len(member["email"]) for member in members), default=0)
        for member in members:
            shown = f"{member['role']:<{roles}}  {member['email']:<{mails}}"
            lines.append(f"{INDENT}{shown}  {member['password']}")
    if not merchants:
        lines += ["", row("Web", f"{base}/")]
    lines += ["", row("E-mails", f"http://localhost:{mail_port}/")]
    return lines


def row(label: str, text: str) -> str:
    return f"  {label:<{len(INDENT) - 2}}{text}"
