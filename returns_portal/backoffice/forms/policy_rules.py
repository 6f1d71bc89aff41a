"""One rule as a form: from the document, changed row by row, and back to the document.

The condition is a list of rows under one group, some of them in inner groups; what is nested deeper
is kept as it is. The form is drawn again after each added or taken row, so it needs no scripts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from returns_portal.backoffice.forms.rule_rows import ConditionRow, EffectRow, ValueRow
from returns_portal.backoffice.forms.rule_values import box_of_effect, box_of_test, to_texts
from returns_portal.backoffice.rule_chips import condition_html, language_name
from returns_portal.core.errors import InvalidInput
from rma.policy.conditions import GROUPS, read_condition
from rma.policy.document import parse_policy
from rma.policy.effects import effect_kind
from rma.policy.model import Policy
from rma.policy.reader import DocumentReader
from rma.policy.vocabulary import fact_named

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "da", "sv", "pl", "pt", "ja", "ar")
GROUP_WORDS = (("all", "all of these"), ("any", "any of these"), ("none", "none of these"))
LONGEST_TEXT = 1000
LONGEST_CODE = 25
MOST_ROWS = 100
_FIELDS = ("fact", "test", "do")


@dataclass
class Part:
    """What stands at one place of the condition: a row, or the rows of an inner group."""

    rows: list[ConditionRow]
    group: str = ""
    kind: str = "any"

    @property
    def id(self) -> str:
        return f"g-{self.group}-kind"


@dataclass
class Text:
    """What shoppers read in one language."""

    code: str
    text: str
    error: str = ""

    @property
    def id(self) -> str:
        return f"text-{self.code}"

    @property
    def language(self) -> str:
        return language_name(self.code)


@dataclass
class RuleForm:
    """A rule while it is written. ``bare`` where its whole condition is one test without a group;
    ``focus`` is the id of the field to go on with."""

    policy: Policy
    name: str = ""
    on: bool = True
    match: str = "all"
    bare: bool = False
    rows: list[ConditionRow] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    effects: list[EffectRow] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    focus: str = ""
    _places: dict[str, ValueRow] = field(default_factory=dict)

    @classmethod
    def blank(cls, policy: Policy) -> RuleForm:
        """Return a form with a row for the first condition and for the first effect."""
        return cls(
            policy, rows=[ConditionRow(0, policy=policy)], effects=[EffectRow(0, policy=policy)]
        )

    @classmethod
    def of_rule(cls, rule: Mapping[str, Any], policy: Policy) -> RuleForm:
        """Return the form of a rule of a document that was read without a mistake."""
        form = cls(policy, name=rule["name"], on=rule["on"], texts=dict(rule.get("text") or {}))
        when = rule["when"]
        group = next((kind for kind in GROUPS if kind in (when or ())), None)
        if when is not None:
            form.match, form.bare = group or "all", group is None
            for part in [when] if group is None else when[group]:
                form._take(part)
        form.effects = [form._effect(n, effect) for n, effect in enumerate(rule["then"])]
        return form

    @classmethod
    def of_post(cls, sent: QueryDict, policy: Policy) -> RuleForm:
        """Return the form as it was sent."""
        match = sent.get("match", "all")
        form = cls(
            policy,
            name=sent.get("name", ""),
            on="on" in sent,
            match=match if match in GROUPS else "all",
            bare="bare" in sent,
        )
        form.rows = [
            ConditionRow(
                index,
                texts=sent.getlist(f"c-{index}-value"),
                drawn=sent.get(f"c-{index}-drawn", ""),
                policy=policy,
                fact_key=sent.get(f"c-{index}-fact", ""),
                test=sent.get(f"c-{index}-test", ""),
                group=sent.get(f"c-{index}-group", "")[:4],
                kept=sent.get(f"c-{index}-kept", ""),
            )
            for index in _indexes(sent, "c")
        ]
        form.effects = [
            EffectRow(
                index,
                texts=sent.getlist(f"e-{index}-value"),
                drawn=sent.get(f"e-{index}-drawn", ""),
                policy=policy,
                key=sent.get(f"e-{index}-do", ""),
            )
            for index in _indexes(sent, "e")
        ]
        for row in form.rows:
            kind = sent.get(f"g-{row.group}-kind", "any")
            form.kinds[row.group] = kind if kind in GROUPS else "any"
            row.words = form._words(row.kept)
        form.texts = {
            name.removeprefix("text-"): text.replace("\r\n", "\n")
            for name, text in sent.items()
            if name.startswith("text-") and len(name) <= LONGEST_CODE and text.strip()
        }
        return form

    def _take(self, part: Mapping[str, Any]) -> None:
        """Add what stands at one place of the condition."""
        group = next((kind for kind in GROUPS if kind in part), None)
        if group is None:
            self.rows.append(self._test(part, ""))
        elif all("fact" in inner for inner in part[group]):
            name = str(len(self.kinds) + 1)
            self.kinds[name] = group
            for inner in part[group]:
                self.rows.append(self._test(inner, name))
        else:
            kept = json.dumps(part, ensure_ascii=False)
            row = ConditionRow(len(self.rows), policy=self.policy, kept=kept)
            row.words = self._words(kept)
            self.rows.append(row)

    def _test(self, part: Mapping[str, Any], group: str) -> ConditionRow:
        row = ConditionRow(
            len(self.rows),
            policy=self.policy,
            fact_key=part["fact"],
            test=part["test"],
            group=group,
        )
        fact = fact_named(part["fact"])
        if fact is not None:
            box = box_of_test(fact, part["test"], self.policy)
            row.texts = to_texts(part["value"], box, self.policy.currency)
        row.drawn = row.draws
        return row

    def _effect(self, index: int, effect: Mapping[str, Any]) -> EffectRow:
        row = EffectRow(index, policy=self.policy, key=effect["do"])
        kind = effect_kind(effect["do"])
        if kind is not None and kind.takes:
            box = box_of_effect(kind, self.policy)
            row.texts = to_texts(effect["value"], box, self.policy.currency)
        row.drawn = row.draws
        return row

    def _words(self, kept: str) -> Any:
        """Return what a part that is kept asks, in words; empty where nobody can read it."""
        if not kept:
            return ""
        row = ConditionRow(0, kept=kept)
        condition = read_condition(DocumentReader({"part": row.entry("")}), "part")
        return "" if condition is None else condition_html(condition, self.policy)

    # What the template reads

    @property
    def parts(self) -> Iterator[Part]:
        """The condition in its order: rows, and groups where their first row stands."""
        seen: set[str] = set()
        for row in self.rows:
            if not row.group:
                yield Part([row])
            elif row.group not in seen:
                seen.add(row.group)
                members = [one for one in self.rows if one.group == row.group]
                yield Part(members, row.group, self.kinds.get(row.group, "any"))

    @property
    def languages(self) -> list[Text]:
        """Every language a text may be in, and those the document has beside them."""
        codes = [*LANGUAGES, *(code for code in sorted(self.texts) if code not in LANGUAGES)]
        return [Text(c, self.texts.get(c, ""), self.errors.get(f"text-{c}", "")) for c in codes]

    @property
    def written_languages(self) -> str:
        return ", ".join(one.language for one in self.languages[1:] if one.text)

    @property
    def has_language_error(self) -> bool:
        return any(one.error for one in self.languages[1:])

    @property
    def next_row(self) -> int:
        return max((row.index for row in self.rows), default=-1) + 1

    @property
    def next_effect(self) -> int:
        return max((row.index for row in self.effects), default=-1) + 1

    @property
    def summary(self) -> list[dict[str, str]]:
        """Every error with the field it stands beside."""
        found = [{"text": text, "href": f"#{place}"} for place, text in self.errors.items()]
        for row in [*self.rows, *self.effects]:
            found += [
                {"text": text, "href": f"#{row.id}-{place}"} for place, text in row.errors.items()
            ]
        return found

    # Changing it

    def apply(self, command: str) -> None:
        """Do what a button of the form asks: ``add``, ``add:GROUP``, ``group:ROW``, ``out:ROW``,
        ``remove:ROW``, ``effect``, ``drop:EFFECT``; anything else only draws the fields anew."""
        what, _, which = command.partition(":")
        if what == "add":
            self._add(which)
        elif what == "effect":
            self.effects.append(EffectRow(self.next_effect, policy=self.policy))
            self.focus = f"{self.effects[-1].id}-do"
        elif what == "remove":
            self.rows = [row for row in self.rows if str(row.index) != which]
            self.focus = "add-condition"
        elif what == "drop":
            self.effects = [row for row in self.effects if str(row.index) != which]
            self.focus = "add-effect"
        elif what in ("group", "out"):
            self._regroup(which, self._new_group() if what == "group" else "")
        for row in [*self.rows, *self.effects]:
            row.settle()

    def _add(self, group: str) -> None:
        row = ConditionRow(
            self.next_row, policy=self.policy, group=group if group in self.kinds else ""
        )
        self.rows.append(row)
        self.focus = f"{row.id}-fact"

    def _regroup(self, which: str, group: str) -> None:
        for row in self.rows:
            if str(row.index) == which and not row.kept:
                row.group = group
                self.focus = f"{row.id}-fact"

    def _new_group(self) -> str:
        numbers = [int(name) for name in self.kinds if name.isascii() and name.isdigit()]
        name = str(max(numbers, default=0) + 1)
        self.kinds[name] = "any"
        return name

    # Back to the document

    def entry(self) -> dict[str, Any]:
        """Return the rule without its key; mistakes of single fields go to them."""
        entry: dict[str, Any] = {"name": self.name.strip(), "on": self.on, "when": self._when()}
        entry["then"] = [self._placed(f"then.{n}", row) for n, row in enumerate(self.effects)]
        texts = {code: text.strip() for code, text in self.texts.items() if text.strip()}
        for code, text in texts.items():
            if len(text) > LONGEST_TEXT:
                self.errors[f"text-{code}"] = f"Write {LONGEST_TEXT} letters at most."
        return entry | ({"text": texts} if texts else {})

    def _placed(self, path: str, row: ConditionRow | EffectRow) -> Any:
        self._places[path] = row
        return row.entry(self.policy.currency)

    def _when(self) -> dict[str, Any] | None:
        if not self.rows:
            return None
        if self.bare and len(self.rows) == 1 and self.match == "all" and not self.rows[0].group:
            found: dict[str, Any] = self._placed("when", self.rows[0])
            return found
        parts = []
        for n, part in enumerate(self.parts):
            path = f"when.{self.match}.{n}"
            if not part.group:
                parts.append(self._placed(path, part.rows[0]))
                continue
            inner = [
                self._placed(f"{path}.{part.kind}.{m}", row) for m, row in enumerate(part.rows)
            ]
            parts.append({part.kind: inner})
        return {self.match: parts}

    def check(self, document: Mapping[str, Any], key: str = "") -> dict[str, Any] | None:
        """Return the rule for ``document``, in place of the one with ``key`` or as a new one; None
        with every mistake beside its field."""
        entry = self.entry()
        rules = list(document.get("rules") or [])
        place = next((n for n, rule in enumerate(rules) if rule["key"] == key), len(rules))
        rules[place : place + 1] = [{"key": key or "new_rule_of_this_form", **entry}]
        try:
            parse_policy({**document, "rules": rules})
        except InvalidInput as error:
            self.blame(error, place)
        return None if self.summary else entry

    def blame(self, error: InvalidInput, place: int) -> None:
        """Put what the policy's reader found beside the fields it is about."""
        found: Any = error.facts.get("errors", [])
        for mistake in found:
            path = mistake["path"].removeprefix(f"rules.{place}.")
            at = max((one for one in self._places if _is_in(path, one)), key=len, default="")
            if at:
                rest = path[len(at) :].strip(".").partition(".")[0]
                row = self._places[at]
                if not row.errors:
                    row.errors[rest if rest in _FIELDS else "value"] = mistake["message"]
            else:
                self.errors.setdefault(path.partition(".")[0], mistake["message"])


def _is_in(path: str, place: str) -> bool:
    return f"{path}.".startswith(f"{place}.")


def _indexes(sent: QueryDict, prefix: str) -> Sequence[int]:
    """Return the numbers of the rows that were sent, in their order."""
    found = {
        int(name[1])
        for name in (field.split("-") for field in sent)
        if len(name) == 3 and name[0] == prefix and name[1].isascii() and name[1].isdigit()
        and len(name[1]) < 6
    }  # fmt: skip
    return sorted(found)[:MOST_ROWS]
