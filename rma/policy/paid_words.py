"""When the money moves, in the shopper's words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy

from rma.policy.model import MOMENTS

EXCHANGE = "exchange"
_MONEY = {
    "approval": gettext_lazy("We pay you back as soon as your return is approved."),
    "first_scan": gettext_lazy("We pay you back as soon as the carrier has scanned your parcel."),
    "delivery": gettext_lazy("We pay you back as soon as your parcel has reached us."),
    "inspection": gettext_lazy("We pay you back once we have checked your items."),
}
_EXCHANGE = {
    "approval": gettext_lazy("We send your exchange as soon as your return is approved."),
    "first_scan": gettext_lazy(
        "We send your exchange as soon as the carrier has scanned your parcel."
    ),
    "delivery": gettext_lazy("We send your exchange as soon as your parcel has reached us."),
    "inspection": gettext_lazy("We send your exchange once we have checked your items."),
}


def when_paid(moments: Mapping[str, str]) -> str:
    """Say when each outcome comes, where one of them comes before the inspection; else nothing.

    ``moments`` are by kind. What a person pays by hand comes after the inspection at the latest.
    """
    told = {kind: "inspection" if moment == "hand" else moment for kind, moment in moments.items()}
    if not set(told.values()) - {"inspection"}:
        return ""
    money = [moment for kind, moment in told.items() if kind in ("refund", "store_credit")]
    sentences = [str(_MONEY[max(money, key=MOMENTS.index)])] if money else []
    if EXCHANGE in told:
        sentences.append(str(_EXCHANGE[told[EXCHANGE]]))
    return " ".join(sentences)
