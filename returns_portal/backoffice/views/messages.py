"""Messages: every e-mail with its status, readable as it was sent."""

from __future__ import annotations

from uuid import UUID

from csp.decorators import csp, csp_update
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.views.decorators.clickjacking import xframe_options_sameorigin

from notifications.actions import send_again
from notifications.models import Message
from notifications.selectors import outbox
from returns_portal.backoffice.base import actor_of, done, page, staff_view
from returns_portal.backoffice.paging import keyset, status_tabs
from returns_portal.core.errors import DomainError, NotFound
from returns_portal.tenancy.permissions import Permission

# Invitations to the team hold a link that lets their reader in: they are for nobody else to read.
_TO_SHOPPERS = Q(rma__isnull=False)
TONES = {
    Message.Status.QUEUED: ("info", "clock"),
    Message.Status.SENDING: ("info", "send"),
    Message.Status.SENT: ("success", "check-circle"),
    Message.Status.UNKNOWN: ("warning", "question"),
    Message.Status.FAILED: ("danger", "alert"),
    Message.Status.SUPPRESSED: ("neutral", "x-circle"),
}


@staff_view(permission=Permission.MESSAGES_VIEW)
def messages(request: HttpRequest) -> HttpResponse:
    """List messages, newest first, of one status or all."""
    status = request.GET.get("status", "")
    status = status if status in Message.Status.values else ""
    rows = outbox(status).filter(_TO_SHOPPERS).defer("html")
    found = keyset(rows, request, order=("-created_at", "-id"))
    tabs = [{"label": "All", "url": "?", "current": not status}]
    tabs += status_tabs(Message.Status.choices, status)
    listed = [{"row": one, **_look(one)} for one in found.rows]
    context = {"slice": found, "rows": listed, "tabs": tabs}
    return page(request, "backoffice/messages.html", "messages", context)


def _look(message: Message) -> dict[str, str]:
    tone, icon = TONES[Message.Status(message.status)]
    return {"tone": tone, "icon": icon}


def _one(message_id: UUID) -> Message:
    found = outbox().filter(_TO_SHOPPERS, pk=message_id).first()
    if found is None:
        raise NotFound("This message isn’t here.")
    return found


def _show(
    request: HttpRequest, message_id: UUID, *, error: DomainError | None = None, **_: object
) -> HttpResponse:
    found = _one(message_id)
    may_resend = found.status in (Message.Status.FAILED, Message.Status.UNKNOWN)
    context = {"message_row": found, **_look(found), "may_resend": may_resend}
    return page(request, "backoffice/message.html", "messages", context, error=error)


@csp_update({"frame-src": ["'self'"]})
@staff_view(permission=Permission.MESSAGES_VIEW)
def message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Show one message: its HTML in a frame, its plain text beside it."""
    return _show(request, message_id)


@xframe_options_sameorigin
@csp(
    {
        "default-src": ["'none'"],
        "style-src": ["'unsafe-inline'"],
        "img-src": ["https:", "data:", "'self'"],
        "frame-ancestors": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
    }
)
@staff_view(permission=Permission.MESSAGES_VIEW)
def message_html(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Return the message's HTML alone: no script runs in it and nothing can be sent from it."""
    return HttpResponse(_one(message_id).html)


@staff_view(permission=Permission.MESSAGES_VIEW, methods=["POST"], refused=_show)
def resend(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Send a message once more that failed or is in doubt."""
    _one(message_id)
    send_again(message_id, actor=actor_of(request))
    return done(request, "It is queued again.", "message", message_id=message_id)
