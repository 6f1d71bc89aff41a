"""The headline of the status page once goods are on their way to the shopper, or are repaired."""

from __future__ import annotations

from django.utils.translation import gettext as _

from returns_portal.portal.showing.money import replacement_name
from rma.models import Exchange, Repair
from rma.selectors import ShopperStatus
from rma.states import RepairStatus, ResolutionKind

Kind = ResolutionKind


def exchanged(status: ShopperStatus) -> tuple[str, str]:
    """Say which new item left, and under which number."""
    sent = next(iter(_exchanges(status)), None)
    if sent is None:
        return _("Your exchange is on its way"), ""
    title, exchange = sent
    line = exchange.return_line
    name = {"item": title, "name": replacement_name(exchange.variant, line.order_line.variant)}
    words = _("Your %(item)s in %(name)s is on its way") % name
    if line.exchange_unit_minor is not None:
        words = _("Your new item is on its way: %(name)s") % name
    if not exchange.tracking_code:
        return words, _("It was sent to the address of your order.")
    return words, _("Tracking number %(code)s.") % {"code": exchange.tracking_code}


def replaced(status: ShopperStatus) -> tuple[str, str]:
    """Say that the same again left, and under which number."""
    sent = next(iter(_exchanges(status)), None)
    code = sent[1].tracking_code if sent is not None else ""
    words = _("Your replacement is on its way")
    if not code:
        return words, _("It was sent to the address of your order.")
    return words, _("Tracking number %(code)s.") % {"code": code}


def repair(status: ShopperStatus) -> tuple[str, str]:
    """Say where the repair stands."""
    words = _("We tell you when it is on its way back.")
    begun = any(one.status == RepairStatus.IN_REPAIR for one in _repairs(status))
    return (
        _("Your item is being repaired") if begun else _("Your item waits for its repair")
    ), words


def repaired(status: ShopperStatus) -> tuple[str, str]:
    """Say that the repaired item left, and under which number."""
    code = next((one.tracking_code for one in _repairs(status) if one.tracking_code), "")
    words = _("Your repaired item is on its way back")
    if not code:
        return words, _("It was sent to the address of your order.")
    return words, _("Tracking number %(code)s.") % {"code": code}


def _repairs(status: ShopperStatus) -> list[Repair]:
    repaired = [line for line in status.lines if line.wanted == Kind.REPAIR]
    return [one for line in repaired for one in line.repairs.all()]


def _exchanges(status: ShopperStatus) -> list[tuple[str, Exchange]]:
    return [
        (line.order_line.title, exchange)
        for line in status.lines
        for exchange in line.exchanges.all()
        if exchange.status == Exchange.Status.SHIPPED
    ]
