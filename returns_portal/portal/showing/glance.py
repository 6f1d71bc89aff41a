"""The live policy in a shopper's words: four lines for the first page, sentences for its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

from returns_portal.core.errors import Conflict
from returns_portal.core.money import Money, format_money
from returns_portal.core.words import percent
from returns_portal.tenancy.models import Merchant
from rma.policy.document import RESOLUTIONS, Policy, Reason
from rma.policy.live import live_policy
from rma.policy.paid_words import when_paid
from rma.policy.wording import either, reason_label, span

# Translators: what a reason leads to, inside a list such as "a refund, store credit or an exchange"
OUTCOMES = {
    "refund": pgettext_lazy("in a list", "a refund"),
    "store_credit": pgettext_lazy("in a list", "store credit"),
    "exchange": pgettext_lazy("in a list", "an exchange"),
    "replacement": pgettext_lazy("in a list", "the same again"),
    "repair": pgettext_lazy("in a list", "a repair"),
    "keep_item": pgettext_lazy("in a list", "a part of the price, and you keep it"),
    "donate": pgettext_lazy("in a list", "a refund, and you give it to charity"),
}


@dataclass(frozen=True, slots=True)
class Line:
    icon: str
    title: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    sentences: list[str]


def published_policy() -> Policy | None:
    """Return the policy in force, or None before the merchant has published one."""
    try:
        return live_policy()[1]
    except Conflict:
        return None


def at_a_glance(merchant: Merchant) -> list[Line]:
    """Return the few lines that a shopper wants to know before starting."""
    policy = published_policy()
    return list(_lines(policy)) if policy is not None else []


def _lines(policy: Policy) -> Iterator[Line]:
    window = policy.window
    fault = ""
    if window.fault_days > window.days:
        fault = _("Faulty items are covered for %(span)s.") % {"span": span(window.fault_days)}
    yield Line("calendar", _("%(span)s from delivery") % {"span": span(window.days)}, fault)
    outcomes = {key for reason in policy.reasons for key in reason.resolutions}
    if "exchange" in outcomes:
        free = policy.fee.is_free or policy.fee.waived_for_exchange
        title = _("Exchanges are free") if free else _("Exchange for another size or colour")
        yield Line("swap", title, _("We hold the new item for you until yours is back."))
    yield _fee_line(policy)
    if "label" in policy.methods:
        yield Line("printer", _("We send you the label"), _("Print it, or let the shop print it."))


def _fee_line(policy: Policy) -> Line:
    fee = policy.fee
    if fee.is_free:
        return Line("card", _("Return shipping is free"), _("Whatever the reason."))
    low, high = _fee_range(policy)
    title = _("Refunds cost %(amount)s return shipping") % {"amount": high}
    if fee.label_cost or low != high:
        title = _("Refunds cost %(amount)s return shipping at most") % {"amount": high}
    free = _("Free if the item is faulty or we made a mistake.") if fee.waived_for_fault else ""
    return Line("card", title, free)


def _fee_range(policy: Policy) -> tuple[str, str]:
    """Return the lowest and the highest amount of the countries, as money."""
    amounts = [policy.fee.amount_minor, *policy.fee.by_country.values()]
    low, high = (format_money(Money(one, policy.currency)) for one in (min(amounts), max(amounts)))
    return low, high


def in_sentences(policy: Policy) -> list[Section]:
    """Return the whole policy for the page a shopper may read before buying."""
    return [
        Section(_("How long you have"), list(_windows(policy))),
        Section(_("What can’t be returned"), list(_closed(policy))),
        Section(_("What you get"), [*_outcomes(policy), *_swaps(policy)]),
        Section(_("What it costs"), list(_costs(policy))),
        Section(_("How it goes on"), list(_times(policy))),
        *([Section(_("Also"), own)] if (own := list(_own_rules(policy))) else []),
        Section(_("Your right of withdrawal in the EU"), list(_withdrawal(policy))),
    ]


def _own_rules(policy: Policy) -> Iterator[str]:
    """Yield what the merchant's own rules say to shoppers; those without words are for staff."""
    rules = policy.rules.rules if policy.rules else ()
    for rule in rules:
        if words := rule.words(get_language() or "en"):
            yield words if words.endswith((".", "!", "?")) else f"{words}."


def _windows(policy: Policy) -> Iterator[str]:
    window = policy.window
    yield _("Returns are open for %(span)s after delivery.") % {"span": span(window.days)}
    if window.fault_days > window.days:
        words = _("You can report a fault for %(span)s after delivery.")
        yield words % {"span": span(window.fault_days)}
    if window.fulfilled_fallback_days is not None:
        yield _(
            "If we don’t know when your order arrived, we count from %(span)s after it was sent."
        ) % {"span": span(window.fulfilled_fallback_days)}


def _closed(policy: Policy) -> Iterator[str]:
    yield _("Gift cards can’t be returned.")
    for closed, words in (
        (policy.final_sale, _("Items sold as final sale can’t be returned.")),
        (policy.excluded, _("Items marked as not returnable can’t be returned once delivered.")),
    ):
        still = _("If one is faulty, you can still report it.") if closed.fault_allowed else ""
        yield f"{words} {still}".strip()
    kinds = sorted(policy.excluded.product_types | policy.final_sale.product_types)
    if kinds:
        yield _("This includes: %(kinds)s.") % {"kinds": ", ".join(kinds)}


def _says_its_own(reason: Reason) -> bool:
    """Say whether a reason is worth a line: a detail is where it differs from its reason."""
    parent = reason.parent
    return parent is None or (reason.resolutions, reason.photo) != (
        parent.resolutions, parent.photo,
    )  # fmt: skip


def _outcomes(policy: Policy) -> Iterator[str]:
    for reason in filter(_says_its_own, policy.reasons):
        # Translators: outcomes is a list such as "a refund, store credit or an exchange"
        words = _("%(reason)s: %(outcomes)s.")
        if reason.photo == "required":
            words = _("%(reason)s, with a photo: %(outcomes)s.")
        outcomes = either([str(OUTCOMES[key]) for key in reason.resolutions])
        yield words % {"reason": reason_label(reason), "outcomes": outcomes}


def _swaps(policy: Policy) -> Iterator[str]:
    terms = policy.exchange
    if not terms.any_product:
        return
    yield _("You can exchange for anything in the shop that is in stock.")
    if terms.cheaper == "store_credit":
        yield _("What a cheaper product leaves over becomes store credit.")
    else:
        yield _("What a cheaper product leaves over goes back to you.")
    if terms.dearer == "collect":
        yield _("For a dearer one you pay the difference before it leaves us.")


def _costs(policy: Policy) -> Iterator[str]:
    fee = policy.fee
    if fee.is_free:
        yield _("Return shipping is free.")
    else:
        yield from _shipping_costs(policy)
    yield from _restocking(policy)
    yield from _bonus(policy)
    if fee.most_minor is not None:
        most = format_money(Money(fee.most_minor, policy.currency))
        yield _("All fees of a return together are never more than %(amount)s.") % {"amount": most}


def _shipping_costs(policy: Policy) -> Iterator[str]:
    fee = policy.fee
    low, high = _fee_range(policy)
    if fee.label_cost:
        words = _("Return shipping costs what our label costs, %(amount)s at most.")
        yield words % {"amount": high}
    elif low != high:
        words = _("Return shipping costs %(low)s to %(high)s, depending on your country.")
        yield words % {"low": low, "high": high}
    else:
        yield _("Return shipping costs %(amount)s once per return and comes off your refund.") % {
            "amount": high
        }
    free = [reason_label(one) for one in policy.reasons if one.key in fee.waived_reasons]
    if free:
        yield _("It is free for these reasons: %(reasons)s.") % {"reasons": ", ".join(free)}
    if fee.waived_for_fault:
        yield _("It is free if the item is faulty or we made a mistake.")
    if fee.waived_for_exchange:
        yield _("It is free if you exchange.")
    if "own" in policy.methods:
        yield _("It is not charged if you send the parcel with a carrier of your own.")


def _bonus(policy: Policy) -> Iterator[str]:
    terms = policy.credit_bonus
    if terms.share_bp:
        words = _("Store credit is %(share)s more than a refund.")
        yield words % {"share": percent(terms.share_bp)}
    if terms.amount_minor:
        amount = format_money(Money(terms.amount_minor, policy.currency))
        yield _("With store credit you get %(amount)s on top, once per order.") % {"amount": amount}
    if terms.rule() is not None and terms.most_minor is not None:
        amount = format_money(Money(terms.most_minor, policy.currency))
        yield _("What comes on top is %(amount)s per order at most.") % {"amount": amount}


def _restocking(policy: Policy) -> Iterator[str]:
    terms = policy.restocking
    if terms.share_bp:
        words = _("A restocking fee of %(share)s of the price is kept.")
        yield words % {"share": percent(terms.share_bp)}
    if terms.amount_minor:
        amount = {"amount": format_money(Money(terms.amount_minor, policy.currency))}
        per_item = _("A restocking fee of %(amount)s is kept for each item of your order.")
        once = _("A restocking fee of %(amount)s is kept once per return.")
        yield (per_item if terms.per == "line" else once) % amount
    if (terms.share_bp or terms.amount_minor) and terms.waived_for_fault:
        yield _("There is no restocking fee if the item is faulty or we made a mistake.")


def _withdrawal(policy: Policy) -> Iterator[str]:
    terms = policy.withdrawal
    yield _(
        "If your order was delivered in the EU or the EEA, you may withdraw from it within 14 days "
        "after the last item arrived, whatever stands above, and without a reason."
    )
    yield _("You get back what you paid, with standard delivery if you withdraw from all of it.")
    if terms.shopper_pays_postage:
        yield _("You pay for sending it back.")
    kinds = sorted({word for one in terms.exempt for word in one.product_types})
    if kinds:
        yield _("Not for: %(kinds)s.") % {"kinds": ", ".join(kinds)}


def _times(policy: Policy) -> Iterator[str]:
    if policy.approval.automatic:
        yield _("Most returns are approved at once. Some we look at first.")
    else:
        yield _("We look at each return before we approve it.")
    yield _("Once approved, send your parcel within %(span)s.") % {
        "span": span(policy.send_within_days)
    }
    early = when_paid(_moments(policy))
    if early:
        yield early
        return
    yield _("Your refund is sent within %(span)s after your parcel is back.") % {
        "span": span(policy.refund_days)
    }


def _moments(policy: Policy) -> dict[str, str]:
    """Return when each outcome comes that a reason leads to; rules may say otherwise."""
    if policy.processing is None:
        return {}
    outcomes = {key for reason in policy.reasons for key in reason.resolutions}
    return {key: policy.processing.of(key) for key in RESOLUTIONS if key in outcomes}
