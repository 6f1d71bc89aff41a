"""What photos are to show as text, for people to write: one thing a line, or in a detail's line.

Other languages of a thing stay while its English words do; they are written in a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rma.policy.model import in_language

Subjects = list[dict[str, str]]


def as_lines(subjects: Sequence[Mapping[str, str]]) -> str:
    """Return what a document's reason wants to see as text."""
    return "\n".join(subject_words(subjects))


def subject_words(subjects: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the English words of each thing."""
    return [in_language(one, "en") for one in subjects]


def from_lines(text: str, before: Sequence[Mapping[str, str]]) -> Subjects:
    """Return ``text`` as what is to be seen; things of ``before`` keep their languages."""
    return subjects_of(text.splitlines(), before)


def subjects_of(said: Iterable[str], before: Sequence[Mapping[str, str]]) -> Subjects:
    """Return ``said``, without what is empty, as things that keep the languages of ``before``."""
    known = {in_language(one, "en"): dict(one) for one in before}
    words = [one.strip() for one in said if one.strip()]
    return [known.get(one, {"en": one}) for one in words]
