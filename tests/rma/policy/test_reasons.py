"""Reasons and their details: read, inherited, offered, asked for by rules, and sent to a person."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from returns_portal.core.errors import InvalidInput
from rma.policy.document import Policy, default_policy
from rma.policy.engine import evaluate, offer
from rma.policy.types import Decision, Verdict
from rma.policy.wording import for_staff, reason_label
from tests.rma.policy.builders import ask, line, order, policy, request
from tests.rma.policy.test_own_rules import do, rule, when

SMALL = {"key": "small", "labels": {"en": "Too small", "de": "Zu klein"}}
LARGE = {"key": "large", "labels": {"en": "Too large"}}
NARROW = {
    "key": "narrow", "labels": {"en": "Too narrow"}, "product_types": ["Shoes"],
    "resolutions": ["exchange"], "photo": "required", "fault": True,
    "questions": [
        {"key": "foot", "labels": {"en": "Which foot?"}, "required": True,
         "options": [{"key": "left", "labels": {"en": "Left"}},
                     {"key": "right", "labels": {"en": "Right"}}]},
    ],
}  # fmt: skip
WORN = {"key": "worn", "labels": {"en": "Seam came off"}, "product_types": ["Knitwear"]}


def tree(*details: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    """Return two reasons, the first with ``details``."""
    fit = {
        "key": "fit", "labels": {"en": "Does not fit", "de": "Passt nicht"},
        "resolutions": ["refund", "exchange"], "photo": "off", "fault": False, "free_text": True,
        "details": list(details or (SMALL, LARGE, NARROW)), **changes,
    }  # fmt: skip
    mind = {
        "key": "mind", "labels": {"en": "Changed my mind"}, "resolutions": ["refund"],
        "photo": "off", "fault": False, "free_text": False,
    }  # fmt: skip
    return [fit, mind]


def under(*rules: dict[str, Any], details: tuple[dict[str, Any], ...] = (), **more: Any) -> Policy:
    document = default_policy("EUR")
    approval = document["approval"] | {"review_reasons": [], **more}
    return policy(reasons=tree(*details), approval=approval, rules=list(rules))


def decide(rules: Policy, reason: str, product_type: str = "Shoes", **changes: Any) -> Decision:
    wish = ask(**{"reason": reason, "resolution": "exchange", "photos": 1, **changes})
    return evaluate(order(line(product_type=product_type)), request(wish), rules)


def offered(rules: Policy, product_type: str) -> tuple[str, ...]:
    return offer(order(line(product_type=product_type)), rules).lines[0].reasons


def mistakes(*details: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as refusal:
        under(details=details)
    return {error["path"]: error["message"] for error in refusal.value.facts["errors"]}


def test_detail_takes_what_it_does_not_say_from_its_reason() -> None:
    small, narrow = under().reason("small"), under().reason("narrow")
    assert small is not None
    assert narrow is not None

    assert (small.resolutions, small.photo, small.fault, small.free_text, small.questions) == (
        ("refund", "exchange"), "off", False, True, (),
    )  # fmt: skip
    assert (narrow.resolutions, narrow.photo, narrow.fault, narrow.free_text) == (
        ("exchange",), "required", True, True,
    )  # fmt: skip
    assert [one.key for one in narrow.questions] == ["foot"]


def test_detail_is_said_with_its_reason() -> None:
    small = under().reason("small")
    assert small is not None

    assert (small.full_label(), small.full_label("de")) == (
        "Does not fit: Too small", "Passt nicht: Zu klein",
    )  # fmt: skip
    with for_staff():
        assert reason_label(small) == "Does not fit: Too small"


def test_details_stand_in_the_place_of_their_reason_where_they_suit_the_goods() -> None:
    assert offered(under(), "Shoes") == ("small", "large", "narrow", "mind")
    assert offered(under(), "SHOES") == ("small", "large", "narrow", "mind")
    assert offered(under(), "Hats") == ("small", "large", "mind")
    assert offered(under(details=(WORN,)), "Hats") == ("fit", "mind")


def test_reason_without_its_detail_goes_to_a_person() -> None:
    decided = decide(under(), "fit")

    assert decided.verdict is Verdict.REVIEW
    assert decided.headline is not None
    assert decided.headline.key == "detail"
    assert decided.headline.staff == "Does not fit: not said what exactly."
    assert decide(under(details=(WORN,)), "fit", "Hats").verdict is Verdict.ALLOW


def test_detail_of_other_goods_is_refused_as_no_reason() -> None:
    decided = decide(under(), "narrow", "Hats")

    assert (decided.verdict, decided.lines[0].rule_key) == (Verdict.REFUSE, "reason")


def test_detail_has_its_own_outcomes_photos_and_questions() -> None:
    assert decide(under(), "small", resolution="refund").verdict is Verdict.ALLOW
    assert decide(under(), "narrow", resolution="refund").lines[0].rule_key == "resolution"
    assert decide(under(), "narrow", photos=0).lines[0].rule_key == "photo"
    assert decide(under(), "narrow").lines[0].rule_key == "answers"
    assert decide(under(), "narrow", answers={"foot": "left"}).verdict is Verdict.ALLOW


def test_person_who_checks_a_reason_checks_its_details() -> None:
    decided = decide(under(review_reasons=["fit"]), "small")
    other = decide(under(review_reasons=["large"]), "small")

    assert decided.headline is not None
    assert decided.headline.staff == "Does not fit: Too small: a person checks."
    assert other.verdict is Verdict.ALLOW


ITEM, BOX = {"en": "the item", "de": "das Teil"}, {"en": "the box"}


def shown(
    *subjects: dict[str, str],
    own: tuple[dict[str, str], ...] | None = None,
    rules: tuple[dict[str, Any], ...] = (),
) -> Policy:
    """Return a policy whose first reason needs photos of ``subjects``, its detail of ``own``."""
    detail = SMALL if own is None else {**SMALL, "photos_of": list(own)}
    document = default_policy("EUR")
    reasons = tree(detail, photo="required", photos_of=list(subjects))
    approval = document["approval"] | {"review_reasons": []}
    return policy(reasons=reasons, approval=approval, rules=list(rules))


def test_photos_are_wanted_of_each_thing_that_is_named() -> None:
    rules = shown(ITEM, BOX)

    short, enough = decide(rules, "small", photos=1), decide(rules, "small", photos=2)

    assert (short.verdict, short.lines[0].rule_key, short.lines[0].sentence) == (
        Verdict.REFUSE, "photo", "Add photos of Merino Crew Sweater: the item, the box",
    )  # fmt: skip
    assert (
        short.lines[0].staff == "Does not fit: Too small needs photos of: the item, the box; "
        "1 sent."
    )
    assert enough.verdict is Verdict.ALLOW
    assert [one.facts["of"] for one in enough.rules_spoken if one.key == "photo"] == [
        ["the item", "the box"]
    ]


def test_photos_are_named_in_the_language_of_the_shopper() -> None:
    with override("de"):
        asked = decide(shown(ITEM, BOX), "small", photos=0)

    assert asked.lines[0].sentence == (
        "Fügen Sie Fotos von Merino Crew Sweater hinzu: das Teil, der Karton"
    )


def test_detail_shows_what_its_reason_does_unless_it_names_its_own() -> None:
    assert [shown(ITEM, BOX).reason(key).subjects() for key in ("fit", "small")] == [  # type: ignore[union-attr]
        ["the item", "the box"], ["the item", "the box"],
    ]  # fmt: skip
    assert decide(shown(ITEM, BOX, own=(BOX,)), "small", photos=1).verdict is Verdict.ALLOW
    nothing = decide(shown(ITEM, BOX, own=()), "small", photos=0)
    assert (
        nothing.lines[0].sentence == "Add a photo of Merino Crew Sweater that shows what is wrong"
    )


def test_rule_may_want_more_photos_than_things_are_named() -> None:
    more = shown(ITEM, BOX, rules=(rule(None, do("require_photos", 3)),))

    assert decide(more, "small", photos=2).lines[0].sentence == (
        "Add photos of Merino Crew Sweater, at least 3: the item, the box"
    )


@pytest.mark.parametrize(
    ("subjects", "path", "says"),
    [
        ([{"en": str(n)} for n in range(5)], "reasons.0.photos_of", "up to 4"),
        ("the box", "reasons.0.photos_of", "up to 4"),
        (["the box"], "reasons.0.photos_of.0", "label per language"),
        ([{"en": " "}], "reasons.0.photos_of.0", "label per language"),
    ],
)
def test_mistakes_in_what_photos_show_are_named_by_path(
    subjects: Any, path: str, says: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        policy(reasons=tree(photos_of=subjects))

    found = {error["path"]: error["message"] for error in refusal.value.facts["errors"]}
    assert says in found[path]


@pytest.mark.parametrize(
    ("test", "named", "reviewed"),
    [
        ("is_one_of", ["fit"], {"fit", "small", "large"}),
        ("is_one_of", ["FIT"], {"fit", "small", "large"}),
        ("is_one_of", ["small"], {"small"}),
        ("is_none_of", ["fit"], {"mind"}),
        ("is_none_of", ["small"], {"fit", "large", "mind"}),
        ("matches", ["f*"], {"fit", "small", "large"}),
        ("matches", ["sm*"], {"small"}),
        ("matches_none", ["f*"], {"mind"}),
    ],
)
def test_rule_that_names_a_reason_means_its_details(
    test: str, named: list[str], reviewed: set[str]
) -> None:
    rules = under(rule(when("asked.reason", test, named), do("review")))

    found = {
        key
        for key in ("fit", "small", "large", "mind")
        if any(
            one.key == "rule:rule"
            for one in decide(rules, key, "Hats", resolution="refund").rules_spoken
        )
    }

    assert found == reviewed


def test_reasons_of_the_return_are_known_with_what_they_belong_to() -> None:
    rules = under(rule(when("return.reasons", "has_any", ["fit"]), do("review")))

    assert decide(rules, "small").verdict is Verdict.REVIEW
    assert decide(rules, "mind", resolution="refund").verdict is Verdict.ALLOW


@pytest.mark.parametrize(
    ("effect", "keys", "left"),
    [
        ("only_reasons", ["fit"], ("small", "large", "narrow")),
        ("only_reasons", ["small"], ("small",)),
        ("exclude_reasons", ["fit"], ("mind",)),
        ("exclude_reasons", ["small"], ("large", "narrow", "mind")),
        ("exclude_reasons", ["small", "large", "narrow"], ("mind",)),
    ],
)
def test_rule_keeps_and_takes_reasons_with_their_details(
    effect: str, keys: list[str], left: tuple[str, ...]
) -> None:
    assert offered(under(rule(None, do(effect, keys))), "Shoes") == left


@pytest.mark.parametrize(
    ("details", "path", "says"),
    [
        ((SMALL, SMALL), "reasons.0.details.1.key", "used twice"),
        (({**SMALL, "key": "mind"},), "reasons.1.key", "used twice"),
        (({"key": "small"},), "reasons.0.details.0.labels", "missing"),
        (({**SMALL, "details": []},), "reasons.0.details.0.details", "no such setting"),
        (({**SMALL, "photo": "maybe"},), "reasons.0.details.0.photo", "Choose required"),
        (({**SMALL, "fault": 1},), "reasons.0.details.0.fault", "true or false"),
        (({**SMALL, "resolutions": []},), "reasons.0.details.0.resolutions", "Choose one or more"),
        (({**SMALL, "product_types": "Shoes"},), "reasons.0.details.0.product_types", "list"),
        (("small",), "reasons.0.details.0", "object"),
        (tuple({**SMALL, "key": f"k{n}"} for n in range(13)), "reasons.0.details", "up to 12"),
    ],
)  # fmt: skip
def test_mistakes_in_details_are_named_by_path(
    details: tuple[Any, ...], path: str, says: str
) -> None:
    found = mistakes(*details)

    assert path in found
    assert says in found[path]


def test_rule_and_review_may_name_a_detail() -> None:
    rules = under(rule(None, do("exclude_reasons", ["large"])), review_reasons=["small", "fit"])

    assert rules.approval.review_reasons == {"small", "fit"}
