"""What the shopper has to do after an approval, step by step, for both parts of the mail."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

Step = dict[str, str]


def steps_for(values: dict[str, Any]) -> list[Step]:
    """Return packing, labelling and handing in, by what ``parcel_values`` says."""
    if values["nothing_is_sent"]:
        return [_step(_("Nothing to send."), _("The item stays with you, or with a charity."))]
    pack = _step(
        _("Pack everything securely,"),
        _("with the original packaging and all accessories, and seal the parcel well."),
    )
    if values["label_url"]:
        return [pack, _stick(), _hand_in(values["carrier"])]
    if values["with_label"]:
        wait = _step(_("Wait for your label."), _("It comes in a separate e-mail."))
        return [pack, wait, _hand_in(values["carrier"])]
    return [
        pack,
        _step(_("Put the return slip inside,"), _("so that we know the parcel is yours.")),
        _send_yourself(values["send_to"]),
        _step(_("Keep the receipt"), _("and enter its tracking number on your return’s page.")),
    ]


def _stick() -> Step:
    return _step(_("Print the label"), _("and stick it flat on the parcel. It is attached, too."))


def _hand_in(carrier: str) -> Step:
    where = _("at %(carrier)s and keep the receipt.") % {"carrier": carrier}
    return _step(
        _("Hand in the parcel"), where if carrier else _("at the carrier and keep the receipt.")
    )


def _send_yourself(address: str) -> Step:
    if not address:
        return _step(_("Send it with tracking"), _("to the address on the return slip."))
    return _step(_("Send it with tracking"), _("to: %(address)s") % {"address": address})


def _step(title: str, text: str) -> Step:
    return {"title": title, "text": text}
