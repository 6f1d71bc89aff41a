"""The reasons of a document and their details: two levels, read into one flat list.

A detail says more exactly what its reason means, for all goods or for some product types. What it
does not say about outcomes, photos, fault, words and questions is as its reason says. A reason may
name what its photos are to show; then it wants at least one photo of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from rma.policy.model import PHOTO_MODES, RESOLUTIONS, Reason
from rma.policy.questions import read_questions
from rma.policy.reader import DocumentReader

T = TypeVar("T")
MOST_DETAILS = 12
MOST_SUBJECTS = 4
# What a detail may leave to its reason.
INHERITED = ("resolutions", "photo", "photos_of", "fault", "free_text", "questions")


def read_reasons(reader: DocumentReader) -> tuple[Reason, ...]:
    """Read the list, each reason followed by its details. Mistakes go to ``reader``."""
    listed = reader.at("reasons")
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not listed:
        reader.fail("reasons", "List at least one reason.")
        return ()
    found = [
        pair for place in range(len(listed)) for pair in _with_details(reader, f"reasons.{place}")
    ]
    keys = [reason.key for _path, reason in found]
    for place, (path, reason) in enumerate(found):
        if reason.key in keys[:place]:
            reader.fail(f"{path}.key", f"{reason.key!r} is used twice. Choose another key.")
    return tuple(reason for _path, reason in found)


def _with_details(reader: DocumentReader, path: str) -> Iterator[tuple[str, Reason]]:
    """Yield a reason and then its details, each with its path."""
    reader.keys(
        path,
        {"key", "labels", "resolutions", "photo", "fault", "free_text"},
        {"photos_of", "questions", "details"},
    )
    subjects = _read_subjects(reader, f"{path}.photos_of")
    reason = Reason(
        key=reader.key(f"{path}.key", "too_small"),
        labels=reader.labels(f"{path}.labels"),
        resolutions=reader.choices(f"{path}.resolutions", RESOLUTIONS),
        photo=reader.choice(f"{path}.photo", PHOTO_MODES),
        fault=reader.flag(f"{path}.fault"),
        free_text=reader.flag(f"{path}.free_text"),
        photo_count=max(1, len(subjects)),
        photos_of=subjects,
        questions=read_questions(reader, f"{path}.questions"),
    )
    yield path, reason
    listed = reader.at(f"{path}.details")
    if listed is None:
        return
    if not isinstance(listed, list | tuple) or len(listed) > MOST_DETAILS:
        reader.fail(f"{path}.details", f"List up to {MOST_DETAILS} details.")
        return
    for place in range(len(listed)):
        yield f"{path}.details.{place}", _detail(reader, f"{path}.details.{place}", reason)


def _detail(reader: DocumentReader, path: str, parent: Reason) -> Reason:
    reader.keys(path, {"key", "labels"}, {"product_types", *INHERITED})

    def own(name: str, read: Callable[[str], T], otherwise: T) -> T:
        place = f"{path}.{name}"
        return otherwise if reader.at(place) is None else read(place)

    nothing: frozenset[str] = frozenset()
    subjects = own("photos_of", lambda at: _read_subjects(reader, at), parent.photos_of)
    return Reason(
        key=reader.key(f"{path}.key", "too_small"),
        labels=reader.labels(f"{path}.labels"),
        resolutions=own(
            "resolutions", lambda at: reader.choices(at, RESOLUTIONS), parent.resolutions
        ),
        photo=own("photo", lambda at: reader.choice(at, PHOTO_MODES), parent.photo),
        fault=own("fault", reader.flag, parent.fault),
        free_text=own("free_text", reader.flag, parent.free_text),
        photo_count=max(1, len(subjects)),
        photos_of=subjects,
        questions=own("questions", lambda at: read_questions(reader, at), parent.questions),
        parent=parent,
        product_types=own("product_types", reader.words, nothing),
    )


def _read_subjects(reader: DocumentReader, path: str) -> tuple[Mapping[str, str], ...]:
    listed = reader.at(path)
    if listed is None:
        return ()
    if not isinstance(listed, list | tuple) or len(listed) > MOST_SUBJECTS:
        reader.fail(path, f"List up to {MOST_SUBJECTS} things that photos are to show.")
        return ()
    return tuple(reader.labels(f"{path}.{place}") for place in range(len(listed)))
