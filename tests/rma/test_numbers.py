from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from returns_portal.core.errors import InvalidInput
from rma import numbers

bodies = st.text(alphabet=numbers.ALPHABET, min_size=9, max_size=9).filter(
    lambda body: numbers.check_letter(body) is not None
)


def full(body: str) -> str:
    check = numbers.check_letter(body)
    assert check is not None
    return body + check


def test_alphabet_has_thirty_letters_and_forty_bits() -> None:
    assert len(set(numbers.ALPHABET)) == 30
    assert not set(numbers.ALPHABET) & set("01ILOU")
    assert numbers.BODY_LENGTH * math.log2(30) - math.log2(31 / 30) > 40


def test_new_number_reads_back_and_does_not_repeat() -> None:
    made = {numbers.new_rma_number() for _ in range(2_000)}

    assert len(made) == 2_000
    assert all(numbers.parse_rma_number(number) == number for number in made)
    assert all(len(number) == 14 and number.startswith("R-") for number in made)


@given(bodies, st.integers(0, 9), st.sampled_from(numbers.ALPHABET))
def test_parse_one_wrong_letter_is_refused(body: str, place: int, letter: str) -> None:
    good = full(body)
    bad = good[:place] + letter + good[place + 1 :]

    if bad == good:
        assert numbers.parse_rma_number(bad)
    else:
        with pytest.raises(InvalidInput) as refused:
            numbers.parse_rma_number(bad)
        assert refused.value.code == "rma_check"


@given(bodies, st.integers(0, 9), st.integers(0, 9))
def test_parse_any_two_letters_swapped_is_refused(body: str, one: int, two: int) -> None:
    letters = list(full(body))
    letters[one], letters[two] = letters[two], letters[one]
    swapped = "".join(letters)

    if swapped != full(body):
        with pytest.raises(InvalidInput):
            numbers.parse_rma_number(swapped)


@given(
    bodies,
    st.sampled_from(["", "R", "R-", "r ", "RMA ", "rma: R-", "#", "Return R-", "]C1R", "Ｒ－"]),
    st.sampled_from(["", "-", " ", "–", " - ", "."]),
    st.booleans(),
)
def test_parse_forgives_how_people_write(body: str, prefix: str, dash: str, lower: bool) -> None:
    core = full(body)
    text = prefix + dash.join([core[:4], core[4:8], core[8:]])

    assert numbers.parse_rma_number(f" {text.lower() if lower else text}\n") == (
        f"R-{core[:4]}-{core[4:8]}-{core[8:]}"
    )


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "rma_missing", "Enter the return number"),
        (" - ", "rma_missing", "Enter the return number"),
        ("R-7K4P", "rma_length", "This has 4"),
        ("RMA R-7K4P-2M9X-WCCC", "rma_length", "This has 12"),
        ("R-7K4P-2M9O-W0", "rma_letter", "never contain 0 or O"),
    ],
)
def test_parse_bad_text_says_what_is_wrong(text: str, code: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        numbers.parse_rma_number(text)

    assert refused.value.code == code
    assert words in refused.value.message


def test_barcode_form_drops_dashes_and_reads_back() -> None:
    number = numbers.new_rma_number()

    assert numbers.barcode_form(number) == number.replace("-", "")
    assert numbers.parse_rma_number(numbers.barcode_form(number)) == number


def test_looks_like_tells_numbers_from_names() -> None:
    assert numbers.looks_like_rma_number(numbers.new_rma_number().lower())
    assert not numbers.looks_like_rma_number("maya@example.com")


@given(st.text(max_size=40))
def test_parse_any_text_answers_or_refuses(text: str) -> None:
    try:
        number = numbers.parse_rma_number(text)
    except InvalidInput:
        return
    assert numbers.parse_rma_number(number) == number
