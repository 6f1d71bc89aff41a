"""From a found order to its draft, whichever way it was found."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from returns_portal.commerce.models import Order
from returns_portal.core.actor import SHOPPER
from returns_portal.portal.language import follow_order, keep_language
from returns_portal.portal.proof import proven_tokens, remember
from rma.actions.drafts import open_draft
from rma.drafts import open_drafts


def begin(
    request: HttpRequest,
    order: Order,
    onward: str = "items",
    *,
    receiver_id: UUID | None = None,
) -> HttpResponse:
    """Go on with the unfinished draft of this browser, or a new one, at the page ``onward``.

    The receiver of a gift never goes on with a draft of the buyer, nor the other way round.
    """
    unfinished = open_drafts(order.pk, proven_tokens(request), receiver_id=receiver_id)
    draft = (
        unfinished[0]
        if unfinished
        else open_draft(order.pk, actor=SHOPPER, receiver_id=receiver_id)
    )
    onward_url = reverse(onward, kwargs={"token": draft.token})
    response = remember(request, HttpResponseRedirect(onward_url), draft.token)
    # From here on in the order's language, which later pages need not read again.
    if receiver_id is not None:
        return response
    return keep_language(request, response, follow_order(request, order.locale))
