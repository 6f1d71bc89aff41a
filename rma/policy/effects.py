"""What a rule may do: every effect by name, what it needs, and how several of a kind meet.

An effect never decides alone: it changes the policy that a line or a request is judged by
(``tailoring``), or adds a verdict. ``meets`` says what happens where two rules have an effect of
one ``family``: the ``first`` wins and the later one is named as overruled, or all of them ``add``.
``reach`` says for what an effect of the whole request is meant: a rule that matched ``any`` of the
wanted lines, or only one that matched ``every`` line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

from rma.policy.model import (
    METHODS,
    MOMENTS,
    RESOLUTIONS,
    SHIPPING_BACK,
    Closed,
    Policy,
    Reason,
)
from rma.policy.reader import DocumentReader

Setting = tuple[str, Any]
VERDICT, RISK = "verdict", "risk"


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect as a rule states it. ``value`` is None, an int, a date, a word or some words."""

    kind: EffectKind
    value: Any


@dataclass(frozen=True, slots=True)
class EffectKind:
    """One thing a rule may do. ``change`` returns the policy as this effect leaves it."""

    key: str
    label: str
    family: str
    takes: str
    on_line: bool
    meets: str = "first"
    reach: str = "any"
    change: Callable[[Policy, Any], Policy] | None = None


def effect_kinds() -> tuple[EffectKind, ...]:
    """Return every effect in the order the editor lists them."""
    return tuple(_ALL.values())


def effect_kind(key: str) -> EffectKind | None:
    return _ALL.get(key)


def read_effect(reader: DocumentReader, path: str, reasons: tuple[str, ...]) -> Effect | None:
    """Read the effect at ``path``; mistakes go to ``reader``, and None comes back."""
    kind = effect_kind(str(reader.at(f"{path}.do")))
    if kind is None:
        reader.fail(f"{path}.do", f"There is no effect {reader.at(f'{path}.do')!r}.")
        return None
    reader.keys(path, {"do", "value"} if kind.takes else {"do"})
    value = _READERS[kind.takes](reader, f"{path}.value", reasons) if kind.takes else None
    return Effect(kind, value)


def _chosen_reasons(reader: DocumentReader, path: str, reasons: tuple[str, ...]) -> Any:
    chosen = reader.at(path)
    if not isinstance(chosen, list | tuple) or not chosen:
        reader.fail(path, "Name at least one reason.")
        return ()
    for key in chosen:
        if key not in reasons:
            reader.fail(path, f"There is no reason {key!r}.")
    return tuple(str(key) for key in chosen)


def _day(reader: DocumentReader, path: str, _reasons: tuple[str, ...]) -> date:
    text = reader.at(path)
    try:
        return date.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        reader.fail(path, "Enter a day such as 2027-01-31.")
        return date.min


_READERS: dict[str, Callable[[DocumentReader, str, tuple[str, ...]], Any]] = {
    "days": lambda reader, path, _: reader.days(path),
    "hours": lambda reader, path, _: reader.whole(path, 1, 720, "hours"),
    "points": lambda reader, path, _: reader.whole(path, 1, 100, "points"),
    "photos": lambda reader, path, _: reader.whole(path, 1, 10, "photos"),
    "money": lambda reader, path, _: reader.minor(path),
    "share": lambda reader, path, _: reader.whole(
        path, 0, 10_000, "a percentage as basis points (2500 is 25 %)"
    ),
    "day": _day,
    "outcomes": lambda reader, path, _: reader.choices(path, RESOLUTIONS),
    "methods": lambda reader, path, _: reader.choices(path, METHODS),
    "shipping": lambda reader, path, _: reader.choice(path, SHIPPING_BACK),
    "moment": lambda reader, path, _: reader.choice(path, MOMENTS),
    "reasons": _chosen_reasons,
    "words": lambda reader, path, _: tuple(sorted(reader.words(path, fold=False))),
}


def _same(policy: Policy, **changes: Any) -> Policy:
    return replace(policy, **changes)


def _lifted(policy: Policy, _: Any) -> Policy:
    return _same(
        policy,
        final_sale=_open(policy.final_sale),
        excluded=_open(policy.excluded),
    )


def _open(closed: Closed) -> Closed:
    return replace(closed, lifted=True)


def _each_reason(change: Callable[[Reason, Any], Reason]) -> Callable[[Policy, Any], Policy]:
    def changed(policy: Policy, value: Any) -> Policy:
        return _same(policy, reasons=tuple(change(one, value) for one in policy.reasons))

    return changed


def _only_outcomes(reason: Reason, keys: tuple[str, ...]) -> Reason:
    return replace(reason, resolutions=tuple(one for one in reason.resolutions if one in keys))


def _no_outcomes(reason: Reason, keys: tuple[str, ...]) -> Reason:
    return replace(reason, resolutions=tuple(one for one in reason.resolutions if one not in keys))


def _first_outcomes(reason: Reason, keys: tuple[str, ...]) -> Reason:
    front = [one for one in keys if one in reason.resolutions]
    return replace(
        reason,
        resolutions=(*front, *(one for one in reason.resolutions if one not in front)),
    )


def _only_reasons(policy: Policy, keys: tuple[str, ...]) -> Policy:
    return _same(policy, reasons=tuple(one for one in policy.reasons if _named(one, keys)))


def _no_reasons(policy: Policy, keys: tuple[str, ...]) -> Policy:
    return _same(policy, reasons=tuple(one for one in policy.reasons if not _named(one, keys)))


def _named(reason: Reason, keys: tuple[str, ...]) -> bool:
    """Say whether a rule that names ``keys`` means this reason: who names one means its details."""
    return any(key in keys for key in reason.keys)


def _photos(reason: Reason, count: int) -> Reason:
    return replace(reason, photo="required", photo_count=max(count, reason.photo_count))


def _fee(policy: Policy, minor: int) -> Policy:
    return _same(policy, fee=policy.fee.set_to(minor))


def _restocking_amount(policy: Policy, minor: int) -> Policy:
    return _same(policy, restocking=replace(policy.restocking, amount_minor=minor))


def _keep_share(policy: Policy, share_bp: int) -> Policy:
    return _same(policy, keeping=replace(policy.keeping, keep_item_bp=share_bp))


def _bonus(name: str) -> Callable[[Policy, Any], Policy]:
    return lambda policy, value: _same(
        policy, credit_bonus=replace(policy.credit_bonus, **{name: value})
    )


def _approved(policy: Policy, _: Any) -> Policy:
    easy = replace(
        policy.approval,
        automatic=True,
        max_value_minor=None,
        review_reasons=frozenset(),
        first_return_only=False,
    )
    return _same(policy, approval=easy)


def _in_hours(policy: Policy, hours: int) -> Policy:
    return _same(policy, approval=replace(policy.approval, review_hours=hours))


def _window(policy: Policy, days: int) -> Policy:
    # A fault can be reported for as long as anything else comes back.
    fault = max(days, policy.window.fault_days)
    return _same(policy, window=replace(policy.window, days=days, fault_days=fault))


def _fault_window(policy: Policy, days: int) -> Policy:
    return _same(policy, window=replace(policy.window, fault_days=max(days, policy.window.days)))


def _later(policy: Policy, day: date) -> Policy:
    known = policy.window.not_before
    later = day if known is None or day > known else known
    return _same(policy, window=replace(policy.window, not_before=later))


def _exchanged(policy: Policy, *, any_product: bool) -> Policy:
    return _same(policy, exchange=replace(policy.exchange, any_product=any_product))


def _methods(keep: Callable[[str, tuple[str, ...]], bool]) -> Callable[[Policy, Any], Policy]:
    def changed(policy: Policy, keys: tuple[str, ...]) -> Policy:
        left = tuple(one for one in policy.methods if keep(one, keys))
        # A parcel nobody may send could never come back: what leaves no way is not heard.
        return _same(policy, methods=left or policy.methods)

    return changed


def _set(name: str) -> Callable[[Policy, Any], Policy]:
    if name not in {field.name for field in fields(Policy)}:
        raise ValueError(f"a policy has no {name}")
    return lambda policy, value: _same(policy, **{name: value})


_KINDS = (
    # Who may return, and until when
    EffectKind("decline", "Can’t be returned", VERDICT, "", True),
    EffectKind("accept", "May be returned, final sale or not", "accept", "", True, "add",
               change=_lifted),
    EffectKind("set_window", "Days to return", "window", "days", True, change=_window),
    EffectKind("set_fault_window", "Days to report a fault", "fault_window", "days", True,
               change=_fault_window),
    EffectKind("extend_until", "At least until a day", "until", "day", True, "add", change=_later),
    EffectKind("only_reasons", "Only these reasons", "reasons", "reasons", True, "add",
               change=_only_reasons),
    EffectKind("exclude_reasons", "Not these reasons", "reasons", "reasons", True, "add",
               change=_no_reasons),
    # When a person checks
    EffectKind("review", "A person checks first", VERDICT, "", False),
    EffectKind("approve", "Approve at once", VERDICT, "", False, reach="every", change=_approved),
    EffectKind("review_hours", "A person answers within hours", "hours", "hours", False,
               change=_in_hours),
    EffectKind("require_photos", "Ask for photos", "photos", "photos", True, "add",
               change=_each_reason(_photos)),
    EffectKind("risk_points", "Risk points", RISK, "points", False, "add"),
    # What shoppers may choose
    EffectKind("only_outcomes", "Offer only", "outcomes", "outcomes", True, "add",
               change=_each_reason(_only_outcomes)),
    EffectKind("exclude_outcomes", "Don’t offer", "outcomes", "outcomes", True, "add",
               change=_each_reason(_no_outcomes)),
    EffectKind("order_outcomes", "Show first", "order", "outcomes", True,
               change=_each_reason(_first_outcomes)),
    EffectKind("any_product", "Exchange for any product", "exchange_for", "", True,
               change=lambda policy, _: _exchanged(policy, any_product=True)),
    EffectKind("same_product", "Exchange within the product", "exchange_for", "", True,
               change=lambda policy, _: _exchanged(policy, any_product=False)),
    EffectKind("only_methods", "Send only with", "methods", "methods", False, "add",
               change=_methods(lambda one, keys: one in keys)),
    EffectKind("exclude_methods", "Don’t send with", "methods", "methods", False, "add",
               change=_methods(lambda one, keys: one not in keys)),
    # Fees and time
    EffectKind("set_fee", "Return shipping costs", "fee", "money", False, change=_fee),
    EffectKind("waive_fee", "Return shipping is free", "fee", "", False, reach="every",
               change=lambda policy, _: _fee(policy, 0)),
    EffectKind("restocking_fee", "Restocking fee", "restocking", "share", True,
               change=_set("restocking_bp")),
    EffectKind("restocking_amount", "Restocking fee, fixed sum", "restocking_amount", "money",
               False, change=_restocking_amount),
    EffectKind("keep_share", "Refunded when an item is kept", "keep_share", "share", True,
               change=_keep_share),
    EffectKind("credit_bonus", "Bonus on store credit", "credit_bonus", "share", False,
               reach="every", change=_bonus("share_bp")),
    EffectKind("credit_bonus_amount", "Bonus on store credit, fixed sum", "credit_bonus_amount",
               "money", False, reach="every", change=_bonus("amount_minor")),
    EffectKind("shipping_back", "Outbound shipping goes back", "shipping", "shipping", False,
               reach="every", change=_set("shipping_back")),
    EffectKind("refund_days", "Days to refund after receiving", "refund_days", "days", False,
               change=_set("refund_days")),
    EffectKind("process_at", "Money moves", "process_at", "moment", True,
               change=_set("process_at")),
    EffectKind("send_within", "Days to send after approval", "send_within", "days", False,
               change=_set("send_within_days")),
    # For staff
    EffectKind("tag", "Tag the return", "tag", "words", False, "add"),
    EffectKind("note", "Tell staff", "note", "", False, "add"),
)  # fmt: skip
_ALL = {kind.key: kind for kind in _KINDS}
APPROVE = _ALL["approve"]
