"""The shell round every page: the merchant's mark, the menu a role sees, its counters."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from refunds.models import Refund
from returns_portal.activity.models import StaffTask
from returns_portal.core.brand import derive_brand
from returns_portal.core.ids import new_token
from returns_portal.tenancy.permissions import Permission
from rma.models import Exchange, Return

P = Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu; ``counter`` names the figure beside it."""

    section: str
    label: str
    url_name: str
    icon: str
    permission: Permission
    keys: str = ""
    group: str = ""
    counter: str = ""
    external: bool = False


MENU = (
    Entry("dashboard", "Today", "dashboard", "home", P.RETURNS_VIEW, keys="g h"),
    Entry("returns", "Returns", "returns", "returns", P.RETURNS_VIEW, "g r", counter="review"),
    Entry("messages", "Messages", "messages", "message", P.MESSAGES_VIEW, keys="g m"),
    Entry("tasks", "Exceptions", "tasks", "alert", P.RETURNS_VIEW, "g e", counter="tasks"),
    Entry("orders", "Orders", "orders", "orders", P.ORDERS_VIEW, keys="g o"),
    Entry("refunds", "Refunds", "refunds", "card", P.REFUNDS_VIEW, "g f", counter="refunds"),
    Entry("exchanges", "Exchanges", "exchanges", "swap", P.RETURNS_VIEW, counter="exchanges"),
    Entry("repairs", "Repairs", "repairs", "refresh", P.RETURNS_VIEW),
    Entry("stock", "Stock", "stock", "layers", P.STOCK_VIEW, keys="g s"),
    Entry("reports", "Analytics", "reports", "chart", P.REPORTS_VIEW, keys="g a"),
    Entry("station", "Station", "station", "scan", P.GOODS_RECEIVE, external=True),
    Entry("policies", "Policies", "policies", "shield", P.POLICY_EDIT, "g p", group="Set up"),
    Entry("branding", "Branding", "branding", "palette", P.SETTINGS_EDIT, group="Set up"),
    Entry("domain", "Domain", "domain", "pin", P.SETTINGS_EDIT, group="Set up"),
    Entry("refund_limit", "Refund limit", "refund_limit", "card", P.SETTINGS_EDIT, group="Set up"),
    Entry("languages", "Languages", "languages", "globe", P.SETTINGS_EDIT, group="Set up"),
    Entry("texts", "Texts", "texts", "edit", P.SETTINGS_EDIT, group="Set up"),
    Entry("providers", "Integrations", "providers", "plug", P.SETTINGS_EDIT, group="Set up"),
    Entry("team", "Team", "team", "users", P.TEAM_EDIT, group="Set up"),
    Entry("api_keys", "API keys", "api_keys", "key", P.SETTINGS_EDIT, group="Set up"),
)


def shell(request: HttpRequest, section: str) -> dict[str, object]:
    """Return the context of ``backoffice/base.html``."""
    merchant = request.merchant
    permissions = request.membership.permissions
    shown = [entry for entry in MENU if entry.permission in permissions]
    counters = _counters({entry.counter for entry in shown if entry.counter})
    tokens = derive_brand(merchant.brand_color, merchant.brand_radius)
    return {
        "brand": {"name": merchant.name, "colors": tokens.colors, "note": ""},
        "navigation": list(_entries(shown, section, counters)),
        "member": {"name": request.user.name, "profile_url": reverse("profile")},
        "search_url": reverse("returns"),
        "permissions": permissions,
        "section": section,
        "operation_id": new_token(),
    }


def _entries(shown: list[Entry], section: str, counters: dict[str, int]) -> list[dict[str, object]]:
    """Turn menu entries into the component's context; a group is named at its first entry."""
    named: set[str] = set()
    rows: list[dict[str, object]] = []
    for entry in shown:
        rows.append(
            {
                "label": entry.label,
                "url": reverse(entry.url_name),
                "icon": entry.icon,
                "current": entry.section == section,
                "count": counters.get(entry.counter),
                "strong": entry.counter == "review",
                "group": entry.group if entry.group not in named else "",
                "external": entry.external,
                "keys": entry.keys,
            }
        )
        named.add(entry.group)
    return rows


def _counters(wanted: set[str]) -> dict[str, int]:
    """Count what waits for a person: one statement per counter."""
    return {name: _COUNTERS[name]() for name in sorted(wanted)}


_COUNTERS = {
    "review": lambda: Return.objects.filter(stage="review")[:100].count(),
    "refunds": lambda: Refund.objects.filter(
        status__in=[Refund.Status.REQUESTED, Refund.Status.FAILED]
    )[:100].count(),
    "exchanges": lambda: Exchange.objects.filter(status=Exchange.Status.RELEASED)[:100].count(),
    "tasks": lambda: StaffTask.objects.filter(status=StaffTask.Status.OPEN).count(),
}
