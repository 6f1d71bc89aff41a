"""A return being put together: answers are kept, nothing foreign gets in, old ones go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from PIL import Image

from returns_portal.commerce.models import Order
from returns_portal.core.actor import SHOPPER
from returns_portal.core.clock import shifted
from returns_portal.core.errors import InvalidInput, NotFound
from returns_portal.tenancy.models import Merchant
from rma.actions.drafts import (
    discard_draft,
    discard_expired_drafts,
    open_draft,
    save_answers,
)
from rma.drafts import Answer, answers_of, draft_by_token, open_drafts
from rma.evidence import store_photo
from rma.models import Photo, ReturnDraft
from tests import flows

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(scoped: Merchant) -> Order:
    flows.open_for_business(scoped)
    return flows.order(prices=(4500, 2000))


@pytest.fixture
def draft(order: Order) -> ReturnDraft:
    with transaction.atomic():
        return open_draft(order.pk, actor=SHOPPER)


def answer(order: Order, **changes: object) -> Answer:
    line = flows.lines_of(order)[0]
    return replace(Answer(line.pk, 1, "changed_mind"), **changes)  # type: ignore[arg-type]


def photo_bytes() -> SimpleUploadedFile:
    drawn = BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "PNG")
    return SimpleUploadedFile("x.png", drawn.getvalue())


def test_open_draft_gives_tokens_of_its_own_and_two_weeks(order: Order) -> None:
    with transaction.atomic():
        first, second = (open_draft(order.pk, actor=SHOPPER) for _ in range(2))

    assert len({first.token, second.token, first.operation_id, second.operation_id}) == 4
    assert first.expires_at - first.created_at == timedelta(days=14)


def test_save_answers_replaces_the_lines_and_keeps_the_method(
    order: Order, draft: ReturnDraft
) -> None:
    told = answer(order, comment=" Too\x00 big ", wanted="refund")
    with transaction.atomic():
        save_answers(draft.pk, actor=SHOPPER, method="own")
        save_answers(draft.pk, actor=SHOPPER, lines={told.order_line_id: told})
        kept = draft_by_token(draft.token)

    assert kept.content["method"] == "own"
    assert answers_of(kept) == {told.order_line_id: replace(told, comment="Too big")}


@pytest.mark.parametrize(
    "changes",
    [{"quantity": 0}, {"quantity": 2**40}, {"wanted": "a pony"}, {"comment": "x" * 1001}],
)
def test_save_answers_refuses_what_is_no_answer(
    order: Order, draft: ReturnDraft, changes: dict[str, object]
) -> None:
    told = answer(order, **changes)
    with pytest.raises(InvalidInput), transaction.atomic():
        save_answers(draft.pk, actor=SHOPPER, lines={told.order_line_id: told})
    with transaction.atomic():
        assert draft_by_token(draft.token).content == {}


def test_save_answers_refuses_lines_of_another_order(order: Order, draft: ReturnDraft) -> None:
    foreign = answer(flows.order(number="NL-9"))
    with pytest.raises(InvalidInput), transaction.atomic():
        save_answers(draft.pk, actor=SHOPPER, lines={foreign.order_line_id: foreign})
    with pytest.raises(NotFound), transaction.atomic():
        save_answers(uuid4(), actor=SHOPPER, method="own")


def test_open_drafts_leaves_out_what_became_a_return(order: Order, draft: ReturnDraft) -> None:
    with transaction.atomic():
        assert open_drafts(order.pk, [draft.token]) == [draft]
    rma = flows.request(order, operation_id=draft.operation_id)
    with transaction.atomic():
        assert open_drafts(order.pk, [draft.token]) == []
        assert draft_by_token(draft.token).return_token == rma.token  # type: ignore[attr-defined]


def test_discard_takes_photos_and_files_along_but_not_those_of_a_return(
    order: Order,
    draft: ReturnDraft,
    django_capture_on_commit_callbacks: object,
) -> None:
    line = flows.lines_of(order)[0]
    with transaction.atomic():
        kept, loose = (
            store_photo(photo_bytes(), draft=draft, draft_line_id=line.pk, actor=SHOPPER)
            for _ in range(2)
        )
    wish = replace(flows.wish(line), photo_ids=(kept.pk,))
    rma = flows.request(order, wish)
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():  # type: ignore[operator]
        discard_draft(draft.pk, actor=SHOPPER)
        discard_draft(draft.pk, actor=SHOPPER)

    with transaction.atomic():
        assert [photo.rma_id for photo in Photo.objects.all()] == [rma.pk]
        assert not ReturnDraft.objects.exists()
    assert default_storage.exists(kept.path)
    assert not default_storage.exists(loose.path)


def test_discard_expired_drafts_takes_only_the_old_ones(order: Order, draft: ReturnDraft) -> None:
    assert discard_expired_drafts() == 0
    with shifted(timedelta(days=15)):
        with transaction.atomic():
            young = open_draft(order.pk, actor=SHOPPER)
        assert discard_expired_drafts() == 1
    with transaction.atomic():
        assert list(ReturnDraft.objects.all()) == [young]
