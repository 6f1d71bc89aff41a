"""The facts of which every possible value is known, with the words staff read for each value."""

from __future__ import annotations

from rma.policy.model import METHODS, RESOLUTIONS, Policy
from rma.policy.rule_words import METHOD_WORDS, OUTCOME_WORDS
from rma.policy.vocabulary import WEEKDAYS, Fact

Choices = tuple[tuple[str, str], ...]

CHANNELS: Choices = (("portal", "The portal"), ("staff", "Staff"), ("api", "Another program"))
OUTCOMES: Choices = tuple((key, OUTCOME_WORDS[key].capitalize()) for key in RESOLUTIONS)
WAYS: Choices = tuple((key, METHOD_WORDS[key].capitalize()) for key in METHODS)
_DAYS: Choices = tuple((key, key.capitalize()) for key in WEEKDAYS)
LINKS: Choices = (
    ("mailbox", "E-mail box"),
    ("phone", "Phone number"),
    ("address", "Delivery address"),
    ("card", "Payment card"),
)
_CLOSED: dict[str, Choices] = {
    "asked.outcome": OUTCOMES,
    "return.outcomes": OUTCOMES,
    "return.method": WAYS,
    "return.channel": CHANNELS,
    "request.weekday": _DAYS,
    "customer.linked_by": LINKS,
}
_OF_REASONS = ("asked.reason", "return.reasons")


def reason_choices(policy: Policy) -> Choices:
    """Return the reasons of ``policy`` with their labels."""
    return tuple((reason.key, reason.full_label()) for reason in policy.reasons)


def _answer_choices(policy: Policy) -> Choices:
    """Return each option of each question, as ``question:option``; none without such questions."""
    found = {
        f"{question.key}:{option.key}": f"{question.label()} {option.label()}"
        for reason in policy.reasons
        for question in reason.questions
        for option in question.options
    }
    return tuple(found.items())


def choices_of(fact: Fact, policy: Policy) -> Choices:
    """Return every value ``fact`` can have under ``policy``; nothing where the set is open."""
    if fact.key == "asked.answers":
        return _answer_choices(policy)
    return reason_choices(policy) if fact.key in _OF_REASONS else _CLOSED.get(fact.key, ())
