"""A policy in sentences for people: values stand out, nothing of the document is left unsaid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from returns_portal.backoffice.rule_chips import REMOVED, RuleLine, removed_rules, rule_groups
from returns_portal.core.money import Money, format_money
from rma.policy.document import Closed, Policy, Reason
from rma.policy.model import Processing
from rma.policy.processing import MOMENT_WORDS
from rma.policy.withdrawal_law import DAYS, EXCEPTIONS
from rma.policy.wording import span

RESOLUTION_WORDS = {
    "refund": "refund", "store_credit": "store credit", "exchange": "exchange",
    "replacement": "replacement", "repair": "repair", "keep_item": "keep the item",
    "donate": "give to charity",
}  # fmt: skip
METHOD_WORDS = {"label": "a prepaid label", "own": "their own carrier"}
PHOTO_WORDS = {"required": "photos needed", "optional": "photos welcome", "off": ""}
PAYS_WORDS = {
    "refund": "Refunds go out",
    "store_credit": "Store credit is issued",
    "exchange": "Exchanges are released",
}
SHIPPING_WORDS = {
    "never": "Outbound shipping is not given back",
    "all_returned": "Outbound shipping goes back when the whole order comes back",
    "proportion": "Outbound shipping goes back in proportion",
    "merchant_fault": "Outbound shipping goes back when the fault is ours",
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """One rule in words; ``is_off`` when the rule says nothing at present. ``number`` is set where
    the place among others counts."""

    key: str
    html: SafeString
    is_off: bool = False
    was: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """Sentences under one heading. ``is_own`` where they are rules a merchant wrote; ``page`` names
    the page that changes them."""

    title: str
    icon: str
    sentences: list[Sentence]
    is_own: bool = False
    page: str = "policy_edit"


def in_words(policy: Policy, before: Policy | None = None) -> list[Group]:
    """Return the policy's rules by group; with ``before``, changed ones say so."""
    old = (
        {one.key: one.html for group in _groups(before) for one in group.sentences}
        if before
        else {}
    )
    if not before:
        return [*_groups(policy), *_own_rules(policy, None)]
    return [*_settings_against(policy, old), *_own_rules(policy, before)]


def _settings_against(policy: Policy, old: dict[str, SafeString]) -> list[Group]:
    return [
        Group(
            group.title,
            group.icon,
            [
                Sentence(one.key, one.html, one.is_off, _mark(old.get(one.key), one.html))
                for one in group.sentences
            ],
            page=group.page,
        )
        for group in _groups(policy)
    ]


def _own_rules(policy: Policy, before: Policy | None) -> Iterator[Group]:
    for group in rule_groups(policy, before):
        title = f"Rules: {group.title[:1].lower()}{group.title[1:]}"
        yield Group(title, group.icon, [_own(line) for line in group.lines], is_own=True)
    gone = removed_rules(policy, before)
    if gone:
        yield Group("Rules taken away", "trash", [_own(line) for line in gone], is_own=True)


def _own(line: RuleLine) -> Sentence:
    read = format_html_join("", ". Shoppers read in {}: “{}”", line.texts)
    html = format_html("{}. {}{}", line.name, line.html, read)
    is_off = not line.is_on or line.was == REMOVED
    return Sentence(f"rule:{line.key}", html, is_off, line.was, line.number)


def _mark(old: SafeString | None, new: SafeString) -> str:
    if old is None:
        return "New"
    return "Changed" if old != new else ""


def _groups(policy: Policy) -> Iterator[Group]:
    yield Group("Who can return, and until when", "calendar", list(_windows(policy)))
    yield Group("Reasons and what they allow", "tag", [_reason(one) for one in policy.reasons])
    yield Group("When a person checks first", "eye", list(_reviews(policy)))
    yield Group("Fees and time", "card", list(_money(policy)))
    yield Group(
        "EU right of withdrawal",
        "shield",
        list(_withdrawal(policy)),
        page="policy_withdrawal",
    )


def _windows(policy: Policy) -> Iterator[Sentence]:
    window = policy.window
    yield Sentence(
        "window",
        format_html("Accept returns within <b>{}</b> of <b>delivery</b>", span(window.days)),
    )
    yield Sentence(
        "fault_window", format_html("Accept faults within <b>{}</b>", span(window.fault_days))
    )
    yield Sentence(
        "grace",
        format_html("Let <b>{}</b> more pass in silence", span(window.grace_days)),
        is_off=not window.grace_days,
    )
    yield Sentence("fallback", _fallback(policy))
    yield Sentence(
        "final_sale",
        _closed("Final sale", policy.final_sale),
        is_off=not (policy.final_sale.tags or policy.final_sale.product_types),
    )
    yield Sentence(
        "excluded",
        _closed("Excluded goods", policy.excluded),
        is_off=not (policy.excluded.tags or policy.excluded.product_types),
    )


def _fallback(policy: Policy) -> SafeString:
    sent, ordered = policy.window.fulfilled_fallback_days, policy.window.ordered_fallback_days
    parts = []
    if sent is not None:
        parts.append(format_html("<b>{}</b> after dispatch", span(sent)))
    if ordered is not None:
        parts.append(format_html("<b>{}</b> after the order", span(ordered)))
    if not parts:
        return format_html("Without a delivery date, send to <b>{}</b>", "review")
    return format_html(
        "Without a delivery date, count from {}",
        format_html_join(", else ", "{}", ((p,) for p in parts)),
    )


def _closed(name: str, closed: Closed) -> SafeString:
    marks = _words(sorted([*closed.tags, *closed.product_types]))
    tail = format_html(", unless <b>{}</b>", "faulty") if closed.fault_allowed else ""
    return format_html("{} ({}) can’t be returned{}", name, marks, tail)


def _reason(reason: Reason) -> Sentence:
    notes = [f"for {', '.join(sorted(reason.product_types))}"] if reason.product_types else []
    notes += [PHOTO_WORDS[reason.photo]] if PHOTO_WORDS[reason.photo] else []
    notes += [f"photos of {', '.join(reason.subjects())}"] if reason.photos_of else []
    notes += ["our fault"] if reason.fault else []
    notes += [f"asks “{one.label()}”" for one in reason.questions]
    tail = format_html(" · {}", ", ".join(notes)) if notes else ""
    allowed = _words([RESOLUTION_WORDS[one] for one in reason.resolutions])
    html = format_html("<b>{}</b>: {}{}", reason.full_label(), allowed, tail)
    return Sentence(f"reason:{reason.key}", html)


def _reviews(policy: Policy) -> Iterator[Sentence]:
    approval = policy.approval
    if approval.automatic:
        limit = approval.max_value_minor
        amount = _amount(limit, policy.currency) if limit is not None else "no limit"
        yield Sentence(
            "value",
            format_html("If the <b>value</b> is over <b>{}</b>, send to <b>review</b>", amount),
            is_off=limit is None,
        )
        names = [
            reason.full_label()
            for reason in policy.reasons
            if reason.key in approval.review_reasons
        ]
        yield Sentence(
            "review_reasons",
            format_html("If the reason is {}, send to <b>review</b>", _words(names)),
            is_off=not names,
        )
        yield Sentence(
            "first_return",
            format_html("If the shopper has <b>{}</b>, send to <b>review</b>", "returned before"),
            is_off=not approval.first_return_only,
        )
    final = "approve" if approval.automatic else "send to review"
    yield Sentence("otherwise", format_html("Everything else: <b>{}</b>", final))
    yield Sentence(
        "review_hours",
        format_html("A person answers within <b>{}</b> hours", approval.review_hours),
    )


def _money(policy: Policy) -> Iterator[Sentence]:
    fee = policy.fee
    waived = [
        word
        for word, on in (("faulty", fee.waived_for_fault), ("exchange", fee.waived_for_exchange))
        if on
    ]
    waived += [one.full_label() for one in policy.reasons if one.key in fee.waived_reasons]
    tail = format_html(". Not for {}", _words(waived)) if waived else ""
    amount = _amount(fee.amount_minor, policy.currency)
    how = format_html("Take <b>{}</b> off refunds{}", amount, tail)
    if fee.label_cost:
        how = format_html(
            "Take what the label cost, <b>{}</b> at most, off refunds{}", amount, tail
        )
    yield Sentence("fee", how, is_off=fee.is_free)
    yield from _more_fees(policy)
    yield Sentence("shipping_back", format_html("{}", SHIPPING_WORDS[policy.shipping_back]))
    yield Sentence(
        "methods",
        format_html("Shoppers send with {}", _words([METHOD_WORDS[one] for one in policy.methods])),
    )
    moments = policy.processing or Processing()
    for kind, words in PAYS_WORDS.items():
        html = format_html("{} <b>{}</b>", words, MOMENT_WORDS[moments.of(kind)])
        yield Sentence(f"processing:{kind}", html)
    yield Sentence(
        "refund_days",
        format_html("Refund within <b>{}</b> of receiving", span(policy.refund_days)),
    )
    yield Sentence(
        "send_within",
        format_html("Approved returns are sent within <b>{}</b>", span(policy.send_within_days)),
    )
    yield Sentence(
        "reminders",
        format_html(
            "Remind <b>{}</b> days before an approval runs out",
            ", ".join(map(str, policy.remind_before_days)) or "0",
        ),
        is_off=not policy.remind_before_days,
    )
    yield Sentence(
        "answer_within",
        format_html("Shoppers answer questions within <b>{}</b>", span(policy.answer_within_days)),
    )


def _more_fees(policy: Policy) -> Iterator[Sentence]:
    fee, terms = policy.fee, policy.restocking
    for country, minor in sorted(fee.by_country.items()):
        amount = _amount(minor, policy.currency)
        html = format_html("From <b>{}</b>, take <b>{}</b> instead", country, amount)
        yield Sentence(f"fee:{country}", html)
    if fee.tax_bp:
        html = format_html("The fee holds <b>{}</b> tax", _percent(fee.tax_bp))
        yield Sentence("fee_tax", html)
    if terms.share_bp or terms.amount_minor:
        yield Sentence("restocking", _restocking(policy))
    bonus = policy.credit_bonus
    given = [_percent(bonus.share_bp)] if bonus.share_bp else []
    given += [_amount(bonus.amount_minor, policy.currency)] if bonus.amount_minor else []
    if given:
        bound = bonus.most_minor
        cap = "" if bound is None else f", {_amount(bound, policy.currency)} per order at most"
        html = format_html("Store credit brings {} on top{}", _words(given), cap)
        yield Sentence("credit_bonus", html)
    allowed = {key for reason in policy.reasons for key in reason.resolutions}
    for outcome, words in _KEPT_WORDS.items():
        html = format_html(words, _percent(policy.keeping.share_of(outcome)))
        if outcome in allowed:
            yield Sentence(f"keeping:{outcome}", html)
    if fee.most_minor is not None:
        most = _amount(fee.most_minor, policy.currency)
        yield Sentence("fees_most", format_html("All fees together: <b>{}</b> at most", most))


_KEPT_WORDS = {
    "keep_item": "Who keeps an item gets <b>{}</b> of its value, and sends nothing",
    "donate": "Who gives an item to charity gets <b>{}</b> of its value, and sends nothing",
}


def _restocking(policy: Policy) -> SafeString:
    terms = policy.restocking
    kept = [_percent(terms.share_bp)] if terms.share_bp else []
    if terms.amount_minor:
        per = "for each item of the order" if terms.per == "line" else "once per return"
        tax = f" with {_percent(terms.tax_bp)} tax" if terms.tax_bp else ""
        kept.append(f"{_amount(terms.amount_minor, policy.currency)} {per}{tax}")
    waived = ["faulty"] if terms.waived_for_fault else []
    waived += [one.full_label() for one in policy.reasons if one.key in terms.waived_reasons]
    tail = format_html(". Not for {}", _words(waived)) if waived else ""
    return format_html("Keep {} for restocking{}", _words(kept), tail)


def _percent(basis_points: int) -> str:
    return f"{basis_points / 100:g} %"


def _withdrawal(policy: Policy) -> Iterator[Sentence]:
    terms = policy.withdrawal
    yield Sentence(
        "withdrawal",
        format_html(
            "Orders to the EU and the EEA may be withdrawn for <b>{}</b> after delivery, "
            "whatever stands above",
            span(DAYS),
        ),
    )
    payer = "the shopper, by the return fee" if terms.shopper_pays_postage else "us"
    yield Sentence("withdrawal_postage", format_html("The way back is paid by <b>{}</b>", payer))
    for exempt in terms.exempt:
        marks = _words(sorted([*exempt.tags, *exempt.product_types]))
        because = EXCEPTIONS[exempt.exception].because
        html = format_html("Exempt: {} ({})", marks, because)
        yield Sentence(f"withdrawal_exempt:{exempt.exception}", html)
    yield Sentence(
        "withdrawal_link",
        format_html("Link on every page of the portal: <b>{}</b>", "we sell to the EU"),
        is_off=not terms.sells_to_eu,
    )
    yield Sentence(
        "withdrawal_holidays",
        format_html("<b>{}</b> public holidays are known", len(terms.holidays)),
        is_off=not terms.holidays,
    )


def _words(words: Sequence[str]) -> SafeString:
    if not words:
        return format_html("<b>{}</b>", "none")
    return format_html_join(", ", "<b>{}</b>", ((word,) for word in words))


def _amount(minor: int, currency: str) -> str:
    return format_money(Money(minor, currency))
