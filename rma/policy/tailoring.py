"""The policy as a merchant's rules leave it, for one request and for each of its lines.

:func:`tailor` asks every rule about every wanted line and returns the policy each line and the
whole request are judged by, with what each rule said. Without rules it is the policy itself.
Everything that shows or works out a return by policy uses the tailored one, so what was shown is
what happens.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, cast

from rma.policy import wording
from rma.policy.effects import APPROVE, RISK, VERDICT, Effect
from rma.policy.keeping import KEPT_OUTCOMES
from rma.policy.model import Policy, Reason
from rma.policy.risk import Points, reaches_photos, with_photos
from rma.policy.ruleset import Asks, Rule, RuleSet
from rma.policy.types import (
    LineFacts,
    OrderFacts,
    RequestFacts,
    RequestLine,
    Result,
    RuleSpoken,
)
from rma.policy.vocabulary import Fact, Kind, Subject
from rma.policy.withdrawal_terms import is_withdrawal

logger = logging.getLogger(__name__)
_PREFIX = "rule:"


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that applies to a line, with the values it saw and the rules that came before it.

    ``wins`` are its effects that were not overruled.
    """

    place: int
    rule: Rule
    values: Mapping[str, Any]
    overruled: Mapping[str, str]
    wins: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class LineView:
    """One line under the rules: its policy, who decided on it, and what the rules said of it."""

    policy: Policy
    verdict: str = ""
    matches: tuple[Match, ...] = ()
    spoken: tuple[RuleSpoken, ...] = ()

    def reason(self, key: str) -> Reason | None:
        return self.policy.reason(key)

    @property
    def declined(self) -> RuleSpoken | None:
        return next((one for one in self.spoken if one.result is Result.REFUSE), None)


@dataclass(frozen=True, slots=True)
class Tailored:
    """A request under the rules. ``lines`` stand as the request's lines do; ``whole`` is the policy
    for fee, approval, methods and times; ``spoken`` are the rules about the whole request. With
    ``asks_photos`` the risk score made every reason of the lines need photos."""

    whole: Policy
    lines: tuple[LineView, ...]
    spoken: tuple[RuleSpoken, ...] = ()
    points: tuple[Points, ...] = ()
    asks_photos: bool = False

    def restocking(self, request: RequestFacts) -> dict[tuple[str, str], int]:
        """Return what is held back in basis points by (line, reason), where rules say so."""
        pairs = zip(request.lines, self.lines, strict=True)
        return {
            (one.line_key, one.reason): held
            for one, view in pairs
            if (held := held_share(view.policy, one.resolution)) is not None
        }


def held_share(policy: Policy, outcome: str) -> int | None:
    """Return what the policy of one line holds back of it; None leaves it to the whole policy."""
    return policy.keeping.held_share(outcome) if outcome in KEPT_OUTCOMES else policy.restocking_bp


def tailor(policy: Policy, order: OrderFacts, request: RequestFacts) -> Tailored:
    """Ask the rules of ``policy`` about ``request``; what is withdrawn by law is under none."""
    if not policy.rules or is_withdrawal(request):
        return Tailored(policy, (LineView(policy),) * len(request.lines))
    asking = Asking(policy, order, request)
    views = tuple(asking.view(order.line(one.line_key), one) for one in request.lines)
    whole, spoken = _whole(policy, asking, views)
    points = tuple(_points(views))
    asks = reaches_photos(policy.risk, order, points) and not (policy.risk and policy.risk.shadow)
    lines = tuple(_needing_photos(view) for view in views) if asks else views
    return Tailored(whole, lines, spoken, points, asks)


def _needing_photos(view: LineView) -> LineView:
    reasons = tuple(with_photos(reason) for reason in view.policy.reasons)
    return replace(view, policy=replace(view.policy, reasons=reasons))


def _points(views: Iterable[LineView]) -> Iterable[Points]:
    """Yield what each rule adds to the risk score: once, however many lines it applies to."""
    matched = {match.place: match.rule for view in views for match in view.matches}
    for _place, rule in sorted(matched.items()):
        for effect in rule.then:
            if effect.kind.family == RISK:
                yield Points(rule.key, rule.name, effect.value)


def reasons_of(policy: Policy, order: OrderFacts, line: LineFacts) -> list[tuple[Reason, LineView]]:
    """Return each reason that may be given for ``line``, as :meth:`Beforehand.reasons` does."""
    return Beforehand(policy, order).reasons(line)


class Beforehand:
    """An order under the rules before anything is chosen; what is alike for its lines, asked once.

    What asks for a quantity, an outcome or the whole return is not known yet and stays silent.
    """

    def __init__(self, policy: Policy, order: OrderFacts) -> None:
        self.policy = policy
        self._asking = Asking(policy, order, None) if policy.rules else None
        self._views: dict[str, LineView] = {}

    def view(self, line: LineFacts) -> LineView:
        """Return ``line`` under the rules that speak whatever is asked for it."""
        if self._asking is None:
            return LineView(self.policy)
        if line.key not in self._views:
            self._views[line.key] = self._asking.view(line, None)
        return self._views[line.key]

    def reasons(self, line: LineFacts) -> list[tuple[Reason, LineView]]:
        """Return each reason that may be given for ``line``, as the rules leave it, with its view.

        Where no rule asks what is chosen, it is the same view for all of them.
        """
        asking, found = self._asking, []
        plain = self.view(line) if asking is None or not asking.set.asks_reasons else None
        for reason in self.policy.reasons_for(line.product_type):
            view = plain
            if view is None and asking is not None:
                view = asking.view(line, RequestLine(line.key, reason.key, 0, ""))
            tailored = None if view is None else view.reason(reason.key)
            if view is not None and tailored is not None:
                found.append((tailored, view))
        return found


class Asking:
    """The rules of one policy, asked about one order; values are read once."""

    def __init__(self, policy: Policy, order: OrderFacts, request: RequestFacts | None) -> None:
        self.policy = policy
        self.set = cast(RuleSet, policy.rules)
        self.subject = Subject(order, policy, request=request)
        self.broken: list[RuleSpoken] = []
        self._values: list[Any] = [None] * len(self.set.facts)
        for place, fact in self.set.shared:
            self._values[place] = self._read(fact)
        # The rules that may apply as far as the request goes; lines decide on the rest.
        every = range(len(self.set.rules))
        self._left = frozenset(self._true(every, self.set.shared_asks, self._values))
        self._open = self._left & self.set.gates.open
        self._on_lines: dict[str, tuple[list[Any], list[int]]] = {}
        self._plain = LineView(policy)
        self._tailored: dict[tuple[int, ...], Policy] = {}

    def view(self, line: LineFacts | None, asked: RequestLine | None) -> LineView:
        """Ask every rule about one line; a line that is not in the order is under none."""
        if line is None:
            return self._plain
        self.subject.line, self.subject.asked = line, asked
        values, places = self._on_line(line)
        if self.set.asked and places:
            values = values.copy()
            for place, fact in self.set.asked:
                values[place] = self._read(fact)
            gates = self.set.asked_gates
            passed = gates.passed_by(values)
            places = [place for place in places if place in passed or place in gates.open]
            places = self._true(places, self.set.asked_asks, values)
        if not places:
            return self._plain
        matches = tuple(self._matches(places, values))
        policy = self._under(places, matches)
        spoken = tuple(_speak(one, line.key) for one in matches if one.rule.is_about_lines)
        verdict = next(
            (effect.kind.key for one in matches for effect in one.wins if _is_verdict(effect)), ""
        )
        return LineView(policy, verdict, matches, spoken)

    def _read(self, fact: Fact) -> Any:
        if fact.kind is Kind.MONEY and self.subject.order.currency != self.policy.currency:
            # The rule's amount is in another currency; nothing is converted.
            return None
        try:
            return fact.read(self.subject)
        except Exception as error:
            # Facts that cannot be read must not approve a return, nor lose it.
            self._fail(fact.key, error)
            return None

    def _on_line(self, line: LineFacts) -> tuple[list[Any], list[int]]:
        """Return the values of a line and the rules that may apply to it, whatever is asked."""
        if line.key not in self._on_lines:
            values = self._values.copy()
            for place, fact in self.set.own:
                values[place] = self._read(fact)
            gated = self._left & self.set.gates.passed_by(values)
            places = self._true(sorted(self._open | gated), self.set.asks, values)
            self._on_lines[line.key] = values, places
        return self._on_lines[line.key]

    def _true(self, places: Iterable[int], asks: Asks, values: list[Any]) -> list[int]:
        """Return the rules among ``places`` whose part in ``asks`` is certainly true."""
        found = []
        for place in places:
            ask = asks[place]
            try:
                if ask is None or ask(values) is True:
                    found.append(place)
            except Exception as error:
                # As above: what breaks is for a person to see.
                self._fail(self.set.rules[place].key, error)
        return found

    def _fail(self, what: str, error: Exception) -> None:
        logger.exception("policy.rule_failed", extra={"rule": what})
        staff = f"Rule {what} could not be worked out ({type(error).__name__})."
        facts = {"rule": what, "error": type(error).__name__}
        said = RuleSpoken(
            "engine_error", Result.REVIEW, wording.checked_first(), staff, None, facts
        )
        self.broken.append(said)

    def _matches(self, places: list[int], values: list[Any]) -> Iterable[Match]:
        taken: dict[str, str] = {}
        for place in places:
            rule = self.set.rules[place]
            overruled = {
                one.kind.key: taken[one.kind.family]
                for one in rule.then
                if one.kind.meets == "first" and one.kind.family in taken
            }
            for one in rule.then:
                taken.setdefault(one.kind.family, rule.key)
            seen = {fact.key: _plain(values[self.set.places[fact.key]]) for fact in rule.facts}
            wins = tuple(one for one in rule.then if one.kind.key not in overruled)
            yield Match(place, rule, seen, overruled, wins)

    def _under(self, places: list[int], matches: tuple[Match, ...]) -> Policy:
        """Return the policy for a line to which these rules apply; equal rules, the same object."""
        key = tuple(places)
        if key not in self._tailored:
            on_line = [one for match in matches for one in match.wins if one.kind.on_line]
            self._tailored[key] = _changed(self.policy, on_line)
        return self._tailored[key]


def _changed(policy: Policy, effects: Iterable[Effect]) -> Policy:
    for effect in effects:
        if effect.kind.change is not None:
            policy = effect.kind.change(policy, effect.value)
    left = tuple(reason for reason in policy.reasons if reason.resolutions)
    return policy if len(left) == len(policy.reasons) else replace(policy, reasons=left)


def _whole(
    policy: Policy, asking: Asking, views: tuple[LineView, ...]
) -> tuple[Policy, tuple[RuleSpoken, ...]]:
    """Return the policy for the request as a whole, and the rules that speak of it."""
    counted: dict[int, list[Match]] = {}
    for view in views:
        for match in view.matches:
            counted.setdefault(match.place, []).append(match)
    effects: list[Effect] = []
    taken: set[str] = set()
    for _place, found in sorted(counted.items()):
        reaches_all = len(found) == len(views)
        for effect in _about_the_whole(found[0].rule):
            kind = effect.kind
            overruled = kind.meets == "first" and kind.family in taken
            if not overruled and (kind.reach == "any" or reaches_all):
                effects.append(effect)
                taken.add(kind.family)
    if views and all(view.verdict == "approve" for view in views):
        effects.append(Effect(APPROVE, None))
    spoken = [
        _speak(found[0], None)
        for _place, found in sorted(counted.items())
        if not found[0].rule.is_about_lines
    ]
    return _changed(policy, effects), (*asking.broken, *spoken)


def _about_the_whole(rule: Rule) -> Iterable[Effect]:
    return (one for one in rule.then if not (one.kind.on_line or _is_verdict(one)))


def _is_verdict(effect: Effect) -> bool:
    return effect.kind.family == VERDICT


_RESULTS = {"decline": Result.REFUSE, "review": Result.REVIEW}
_USUAL = {Result.REFUSE: wording.not_returnable, Result.REVIEW: wording.checked_first}


def _speak(match: Match, line: str | None) -> RuleSpoken:
    rule = match.rule
    verdict = next((one for one in match.wins if _is_verdict(one)), None)
    result = _RESULTS.get(verdict.kind.key, Result.NOTE) if verdict else Result.NOTE
    did = rule.did
    if match.overruled:
        did += f". Rule {', '.join(sorted(set(match.overruled.values())))} came first"
    facts = {
        "name": rule.name,
        "saw": match.values,
        "did": [one.kind.key for one in match.wins],
        "overruled": dict(match.overruled),
    }
    sentence = rule.words()
    if result is not Result.NOTE:
        sentence = sentence.rstrip(".") or _USUAL[result]()
    return RuleSpoken(own_rule_key(rule.key), result, sentence, f"{rule.name}: {did}.", line, facts)


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    return value.isoformat() if isinstance(value, date) else value


def own_rule_key(key: str) -> str:
    """Return under which key the merchant's rule ``key`` speaks."""
    return f"{_PREFIX}{key}"


def is_own_rule(key: str) -> bool:
    """Say whether a rule that spoke is one of the merchant's own."""
    return key.startswith(_PREFIX)


def key_of_own_rule(spoken: str) -> str | None:
    """Return the merchant's key of a rule that spoke, None where it is one of the settings."""
    return spoken.removeprefix(_PREFIX) if is_own_rule(spoken) else None
