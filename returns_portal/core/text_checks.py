"""What a merchant's own text has to keep of the original so that it can stand in its place.

Pages and e-mails take texts as they are, also inside attributes. So the original's markup has to
come back sign for sign, and nothing else may look like markup, straight quotation marks included.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from returns_portal.core.text_entries import TAG, VARIABLE, TextEntry

_ENTITY = re.compile(r"&#?\w+;")
# Invisible signs that people write for a reason: spaces and hyphens that guide line breaks, and
# what Arabic and Persian need to join and to turn.
_QUIET = frozenset("\u00a0\u202f\u00ad\u200c\u200d\u200e\u200f")
_BOLD, _END = "%(b)s", "%(eb)s"
# Room for any language, none for essays.
_SHORTEST_LIMIT, _LIMIT_FACTOR = 160, 3
_EXAMPLES = {
    "amount": "€45.00",
    "carrier": "An Post",
    "day": "12 Dec",
    "first_name": "Maya",
    "item": "Trail Runner",
    "item_names": "Trail Runner",
    "last": "12 December",
    "last_day": "Saturday 12 December",
    "merchant": "your shop’s name",
    "merchant_name": "your shop’s name",
    "name": "your shop’s name",
    "number": "1001",
    "order": "1001",
    "order_number": "1001",
    "rma": "R-204817",
    "rma_number": "R-204817",
    "shown": "€45.00",
    "span": "30 days",
    "total": "€45.00",
}


@dataclass(frozen=True, slots=True)
class TextFault:
    """Why one form of a text can’t be taken, in words for whoever wrote it."""

    form: int
    message: str


def tidy(text: str, usual: str) -> str:
    """Return a text on one line, with the spaces at its ends that the ``usual`` one has.

    Some texts are joined to others: their spaces are part of them.
    """
    words = " ".join(part for part in re.split(r"[ \t\r\n\f\v]+", text) if part)
    if not words:
        return ""
    head = usual[: len(usual) - len(usual.lstrip())]
    tail = usual[len(usual.rstrip()) :]
    return f"{head}{words}{tail}"


def longest(entry: TextEntry) -> int:
    """Return how many characters one form of an own text may have."""
    return max(_SHORTEST_LIMIT, _LIMIT_FACTOR * max(len(entry.text), len(entry.plural)))


def faults_of(entry: TextEntry, forms: Sequence[str]) -> list[TextFault]:
    """Return what keeps tidy ``forms`` from standing where the original stands, one for each."""
    return [
        TextFault(place, words)
        for place, form in enumerate(forms)
        if (words := _fault(entry, form))
    ]


def _fault(entry: TextEntry, form: str) -> str:
    if not form:
        return "Write this form too, or leave all of them empty."
    if len(form) > longest(entry):
        return f"This is too long. Use at most {longest(entry)} characters."
    if any(not sign.isprintable() and sign not in _QUIET for sign in form):
        return "This holds characters that can’t be shown. Type it again."
    return _markup_fault(entry, form) or _variable_fault(entry, form)


def _markup_fault(entry: TextEntry, form: str) -> str:
    tags = TAG.findall(form)
    for tag in tags:
        if tag not in entry.tags:
            return f"Take {tag} out: a text holds no markup of its own."
    for tag in entry.tags:
        if tags.count(tag) != entry.tags.count(tag):
            return f"Keep {tag} as the original has it."
    if not _is_nested(tags):
        return "Close each mark before the one around it, as the original does."
    rest = TAG.sub("", form)
    for sign in "<>":
        if sign in rest:
            return f"Leave {sign} out: it would break the page."
    if '"' in rest:
        return "Use “ ” or ‘ ’ instead of straight quotation marks."
    if entity := _ENTITY.search(rest):
        return f"Write the sign itself instead of {entity.group(0)}."
    return ""


def _is_nested(tags: Sequence[str]) -> bool:
    opened: list[str] = []
    for tag in tags:
        name = tag.strip("</>").split()[0]
        if not tag.startswith("</"):
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    return not opened


def _variable_fault(entry: TextEntry, form: str) -> str:
    written = [one.group(0) for one in VARIABLE.finditer(form)]
    for variable in written:
        if variable not in entry.variables:
            return f"Take {variable} out: the original has no such variable."
    missing = [one for one in entry.variables if one not in written]
    # The form for exactly one may leave the number out.
    if missing and not entry.plural:
        return f"Keep {missing[0]}: {example_of(missing[0])} stands there."
    if not _is_bold_in_pairs(written):
        return f"Keep {_BOLD} before the bold words and {_END} behind them."
    if "%" in VARIABLE.sub("", form) and not entry.variables:
        return "Write “percent”: a % sign can’t stand in this text."
    return ""


def _is_bold_in_pairs(written: Sequence[str]) -> bool:
    """Tell whether the marks of bold words in e-mails, which are variables, open and close."""
    marks = [one for one in written if one in (_BOLD, _END)]
    return marks == [_BOLD, _END] * (len(marks) // 2)


def example_of(variable: str) -> str:
    """Return what may stand for a variable such as ``%(day)s``, for people who write around it."""
    name = variable[2:-2]
    if variable in (_BOLD, _END):
        return "the mark of bold words"
    return _EXAMPLES.get(name, "3" if variable.endswith("d") else f"the {name.replace('_', ' ')}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: plain words, or something that stands for a value or for markup."""

    text: str
    is_value: bool = False


def example(form: str) -> list[Piece]:
    """Return a form as shoppers may see it, with examples for its variables and without markup."""
    pieces = []
    for place, part in enumerate(re.split(f"({_WHOLE})", TAG.sub("", form))):
        if place % 2 == 0 and part:
            pieces.append(Piece(part))
        elif place % 2 and part not in (_BOLD, _END):
            pieces.append(Piece(example_of(part), is_value=True))
    return pieces


def marked(form: str) -> list[Piece]:
    """Return a form with its variables and markup set apart, for people who write around them."""
    parts = re.split(f"({_WHOLE}|{TAG.pattern})", form)
    return [Piece(part, is_value=bool(place % 2)) for place, part in enumerate(parts) if part]


def usable(entry: TextEntry, form: str) -> str:
    """Return a form as callers of gettext want it: where values are put in, a lone % is doubled."""
    if not entry.variables:
        return form
    parts = re.split(f"({_WHOLE})", form)
    return "".join(
        part if place % 2 else part.replace("%", "%%") for place, part in enumerate(parts)
    )


# The same as VARIABLE without a group of its own, for splitting.
_WHOLE = r"%\(\w+\)[sd]"
