"""Questions that a reason asks further: read from the document, and the answers checked.

Answers are kept by question: the key of an option, or words where there are no options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rma.policy.model import Option, Question, Reason
from rma.policy.reader import DocumentReader

MOST_QUESTIONS = 8
MOST_OPTIONS = 20
LONGEST_ANSWER = 500


def read_questions(reader: DocumentReader, path: str) -> tuple[Question, ...]:
    """Read the list at ``path``; a reason without it asks nothing. Mistakes go to ``reader``."""
    listed = reader.at(path)
    if listed is None:
        return ()
    if not isinstance(listed, list | tuple) or len(listed) > MOST_QUESTIONS:
        reader.fail(path, f"List up to {MOST_QUESTIONS} questions.")
        return ()
    questions = tuple(_read_question(reader, f"{path}.{n}") for n in range(len(listed)))
    _refuse_twins(reader, path, [one.key for one in questions])
    return questions


def _read_question(reader: DocumentReader, path: str) -> Question:
    reader.keys(path, {"key", "labels", "required"}, {"options", "product_types"})
    types = reader.at(f"{path}.product_types")
    return Question(
        key=reader.key(f"{path}.key", "fit"),
        labels=reader.labels(f"{path}.labels"),
        options=_read_options(reader, f"{path}.options"),
        required=reader.flag(f"{path}.required"),
        product_types=frozenset() if types is None else reader.words(f"{path}.product_types"),
    )


def _read_options(reader: DocumentReader, path: str) -> tuple[Option, ...]:
    listed = reader.at(path)
    if listed is None:
        return ()
    if not isinstance(listed, list | tuple) or not 2 <= len(listed) <= MOST_OPTIONS:
        reader.fail(path, f"Give 2 to {MOST_OPTIONS} answers to choose from.")
        return ()
    for place in range(len(listed)):
        reader.keys(f"{path}.{place}", {"key", "labels"})
    options = tuple(
        Option(reader.key(f"{path}.{n}.key", "tight"), reader.labels(f"{path}.{n}.labels"))
        for n in range(len(listed))
    )
    _refuse_twins(reader, path, [one.key for one in options])
    return options


def _refuse_twins(reader: DocumentReader, path: str, keys: list[str]) -> None:
    for place, key in enumerate(keys):
        if key in keys[:place]:
            reader.fail(f"{path}.{place}.key", f"{key!r} is used twice. Choose another key.")


def open_questions(
    reason: Reason, product_type: str, answers: Mapping[str, Any]
) -> Iterator[Question]:
    """Yield the questions whose answer is missing though needed, or is none that may be chosen."""
    for question in reason.questions_for(product_type):
        answer = answers.get(question.key, "")
        if not isinstance(answer, str) or len(answer) > LONGEST_ANSWER:
            yield question
        elif not answer:
            if question.required:
                yield question
        elif question.options and question.option(answer) is None:
            yield question


def answer_words(
    reason: Reason | None, answers: Mapping[str, Any], language: str = "en"
) -> list[tuple[str, str]]:
    """Return what was asked and answered as (question, answer), in the reason's order."""
    told = []
    for question in reason.questions if reason is not None else ():
        answer = answers.get(question.key)
        if not isinstance(answer, str) or not answer:
            continue
        option = question.option(answer)
        words = option.label(language) if option is not None else answer
        told.append((question.label(language), words))
    return told


def chosen_options(answers: Mapping[str, Any]) -> frozenset[str]:
    """Return ``question:option`` for each answer, folded, as rules ask about them."""
    return frozenset(f"{key}:{answer}".casefold() for key, answer in answers.items())
