"""A policy as a YAML file: the same bytes again, and nothing that somebody typed is guessed at."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.core.errors import InvalidInput
from rma.policy.document import default_policy, parse_policy
from rma.policy.yaml_reading import MAX_BYTES, read_policy_file
from rma.policy.yaml_writing import HEADER, to_yaml
from tests.rma.policy.documents import documents

FILE = to_yaml(default_policy("EUR")).decode()
NO_DAYS = "Enter days as a whole number from 0 to 3660."


def mistakes(raw: str | bytes) -> list[tuple[str, str, int]]:
    with pytest.raises(InvalidInput) as refused:
        read_policy_file(raw.encode() if isinstance(raw, str) else raw)
    assert refused.value.field == "file"
    listed: Any = refused.value.facts["errors"]
    return [(one["path"], one["message"], one["line"]) for one in listed]


def changed(old: str, new: str) -> str:
    assert FILE.count(old) >= 1
    return FILE.replace(old, new, 1)


@given(documents())
def test_export_import_export_gives_the_same_bytes(document: dict[str, Any]) -> None:
    parse_policy(document)

    raw = to_yaml(document)
    again = read_policy_file(raw)

    assert again == document
    assert to_yaml(again) == raw


@given(documents())
def test_export_means_the_same_to_another_reader_of_yaml(document: dict[str, Any]) -> None:
    assert yaml.load(to_yaml(document), Loader=yaml.SafeLoader) == document


def test_export_does_not_depend_on_the_order_in_which_keys_were_kept() -> None:
    document = default_policy("EUR")
    shuffled = {key: document[key] for key in sorted(document, reverse=True)}
    shuffled["window"] = dict(sorted(document["window"].items()))

    assert to_yaml(shuffled) == to_yaml(document)


def test_export_is_laid_out_for_people() -> None:
    assert FILE.startswith(HEADER)
    assert FILE.removeprefix(HEADER).startswith(
        "\nschema: 1\ncurrency: EUR\n\nwindow:\n  days: 30\n  fault_days: 730\n"
    )
    assert (
        'reasons:\n  - key: too_small\n    labels:\n      en: "Too small"\n'
        '    resolutions: [exchange, refund, store_credit]\n    photo: "off"\n' in FILE
    )


@pytest.mark.parametrize("typed", ["no", "1e3", "010", "0x1F", "2026-01-01", "1_000", "12:30", "~"])
def test_text_that_yaml_would_guess_at_stays_what_was_typed(typed: str) -> None:
    read = read_policy_file(changed('en: "Too small"', f"en: {typed}").encode())

    assert read["reasons"][0]["labels"] == {"en": typed}


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        ("automatic: true", "automatic: yes", "approval.automatic", "Use true or false."),
        ("automatic: true", "automatic: True", "approval.automatic", "Use true or false."),
        ("automatic: true", "automatic: 1", "approval.automatic", "Use true or false."),
        ("  days: 30", "  days: 1e1", "window.days", NO_DAYS),
        ("  days: 30", "  days: 030", "window.days", NO_DAYS),
        ("  days: 30", "  days: 30.0", "window.days", NO_DAYS),
        ("  days: 30", '  days: "30"', "window.days", NO_DAYS),
        ("  days: 30", "  days: 1" + "0" * 20, "window.days",
         "A number has up to 15 digits. Shorten it."),
        ("max_value_minor: 25000", "max_value_minor:", "approval.max_value_minor",
         "There is no value here. Write null where none is meant."),
        ("max_value_minor: 25000", "max_value_minor: ~", "approval.max_value_minor",
         "Enter an amount in minor units as a whole number from 0 to 1000000000000."),
        ('en: "Too small"', "en: 12", "reasons.0.labels",
         'Give a label per language, such as {"en": "Too small"}.'),
        ('en: "Too small"', 'en: "\\0"', "reasons.0.labels.en",
         "A text holds characters that can't be kept. Type it again."),
        ('en: "Too small"', 'en: "\\ud800"', "reasons.0.labels.en",
         "A text holds characters that can't be kept. Type it again."),
        ("  days: 30", "  dayz: 30", "window.dayz",
         "There is no such setting. Check the spelling."),
    ],
)  # fmt: skip
def test_value_that_is_not_what_it_looks_like_is_refused_where_it_stands(
    old: str, new: str, path: str, message: str
) -> None:
    raw = changed(old, new)

    found = {place: (said, line) for place, said, line in mistakes(raw)}

    said, line = found[path]
    assert said == message
    # The mistake is in the line itself, or in the part that begins at it.
    assert raw.splitlines()[line - 1].strip() in (new.strip(), "labels:")


@pytest.mark.parametrize(
    ("raw", "message", "line"),
    [
        ("", "The file is empty. Start from an export.", 0),
        ("# nothing\n", "The file is empty. Start from an export.", 0),
        ("just words", "Write settings as name: value, as an export does.", 1),
        ("- a\n- b", "Write settings as name: value, as an export does.", 1),
        ("a: 1\n---\nb: 2\n", "A second document starts here. Keep one.", 2),
        ("a:\n\tb: 1\n", "There is a tab. Indent with spaces, and write \\t inside quotes.", 2),
        ("a: b\x07\n", "There is a hidden character (U+0007). Take it out.", 1),
        ("a: b\n\nc: d\u2028e\n", "There is a hidden character (U+2028). Take it out.", 3),
        (b"a: 1\nb: \xff\n", "Save the file as UTF-8 and choose it again.", 2),
        ("a: 1".encode("utf-16"), "Save the file as UTF-8 and choose it again.", 1),
        ("a: " + "[" * 40 + "]" * 40, "Parts are nested up to 24 deep. Take some out.", 0),
        ("[" * 100_000, "Parts are nested up to 24 deep. Take some out.", 0),
        ("a: 1" + " " * MAX_BYTES, "A policy file has up to 256 kB. Shorten it.", 0),
    ],
)  # fmt: skip
def test_file_that_is_no_policy_is_refused_with_its_line(
    raw: str | bytes, message: str, line: int
) -> None:
    assert mistakes(raw) == [("document", message, line)]


def test_yaml_that_breaks_off_names_its_line() -> None:
    [(path, message, line)] = mistakes("schema: 1\ncurrency: EUR\nwindow: a: b\n")

    assert (path, line) == ("document", 3)
    assert message.startswith("YAML stops here: ")


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("a: &x 1\nb: *x\n", [("a", "Anchors (&name) aren't read. Take it out.", 1),
                              ("b", "References (*name) aren't read. Write the value out.", 2)]),
        ("a: !!int '1'\n", [("a", "Types (!name) aren't read. Take it out.", 1)]),
        ("a: !python/object:os.system x\n", [("a", "Types (!name) aren't read. Take it out.", 1)]),
        ("a:\n  b: 1\n  b: 2\n", [("a.b", "This is given twice, first in line 2. Keep one.", 3)]),
        ("a: 1\n'a': 2\n", [("a", "This is given twice, first in line 1. Keep one.", 2)]),
        ("?\n: 1\n", [("document", "A name is missing before a colon. Write name: value.", 1)]),
        ("[a]: 1\n", [("document", "A name is one word before a colon. Write name: value.", 1)]),
        ("&k a: 1\n", [("document", "Write this name without & and !.", 1)]),
        ('"\\0": 1\n', [("document",
                         "A text holds characters that can't be kept. Type it again.", 1)]),
    ],
)  # fmt: skip
def test_what_could_hide_a_surprise_is_refused(raw: str, found: list[tuple[str, str, int]]) -> None:
    assert mistakes(raw) == found


def test_merge_key_is_only_a_name_nobody_reads() -> None:
    assert ("<<", "There is no such setting. Check the spelling.", 1) in mistakes("<<: {}\n" + FILE)


def test_file_with_windows_line_ends_comments_and_a_mark_at_its_start_reads_the_same() -> None:
    raw = "\ufeff" + FILE.replace("currency: EUR", "currency: EUR # as always")

    read = read_policy_file(raw.replace("\n", "\r\n").encode())

    assert read == default_policy("EUR")


def test_mistakes_of_a_long_file_are_told_up_to_fifty() -> None:
    assert len(mistakes("\n".join(f"a{n}: *x" for n in range(200)))) == 50


@given(st.text(max_size=60) | st.sampled_from(["---", "a: |\n  b", "? a\n: b", "{a: [1, {b: c}]}"]))
def test_any_text_is_read_or_refused(text: str) -> None:
    raw = text.encode("utf-8", "surrogatepass")

    for _path, message, line in mistakes(raw):
        assert message
        assert line >= 0


@given(st.data())
def test_any_value_in_any_place_is_read_or_refused(data: st.DataObject) -> None:
    lines = copy.copy(FILE.splitlines())
    place = data.draw(st.integers(0, len(lines) - 1))
    head = lines[place].partition(":")[0]
    lines[place] = f"{head}: {data.draw(st.text('ab01[]{}&*!|>~#-: ', max_size=8))}"
    raw = "\n".join(lines).encode()
    try:
        read = read_policy_file(raw)
    except InvalidInput:
        return
    assert to_yaml(read_policy_file(to_yaml(read))) == to_yaml(read)
