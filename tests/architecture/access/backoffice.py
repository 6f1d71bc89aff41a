"""The back office's table: every address, what it asks for, and a way to call it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from returns_portal.core.clock import now
from returns_portal.core.ids import new_token
from returns_portal.core.text_entries import text_entries
from returns_portal.tenancy.permissions import Permission as P
from tests.architecture.access.entry import Entry, Words
from tests.architecture.access.world import World

POST = ("POST",)
BOTH = ("GET", "POST")


def _number(world: World) -> Mapping[str, Any]:
    return {"number": world.rma.number}


def _received(world: World) -> Mapping[str, Any]:
    return {"number": world.received.number}


def _unit(world: World) -> Mapping[str, Any]:
    return {"inspection_id": world.inspection_id}


def _refund(world: World) -> Mapping[str, Any]:
    return {"refund_id": world.refund.pk}


def _rehearsal(world: World) -> Mapping[str, Any]:
    return {"rehearsal_id": world.rehearsal.pk}


def _grant(world: World) -> Mapping[str, Any]:
    return {"order_id": world.grant.order_id, "grant_id": world.grant.pk}


def _rule(world: World) -> Mapping[str, Any]:
    return {"key": world.rule_key}


def _text(_world: World) -> Mapping[str, Any]:
    key = next(one.key for one in text_entries().values() if one.text == "Find my order")
    return {"language": "de", "text_key": key}


def _a(**values: Any) -> Words:
    """Return words that are the same for every merchant."""
    return lambda _world: values


def _of(name: str, attribute: str) -> Words:
    """Return words that name a row of the world by its key."""
    return lambda world: {name: getattr(getattr(world, attribute), "pk", getattr(world, attribute))}


def _on(permission: P, words: Words, **more: Any) -> Entry:
    """Return a POST on a row."""
    return Entry(permission, POST, words, of_merchant=True, **more)


ENTRIES: dict[str, Entry] = {
    "dashboard": Entry(P.RETURNS_VIEW),
    "profile": Entry(),
    "logo": Entry(ok=frozenset({200, 404})),
    "icon": Entry(ok=frozenset({200, 404})),
    # returns
    "returns": Entry(P.RETURNS_VIEW),
    "returns_bulk": Entry(P.RETURNS_DECIDE, POST, body=lambda w: {"ids": [w.rma.pk]}),
    "return_new": Entry(P.RETURNS_CREATE),
    "return_new_lines": Entry(
        P.RETURNS_CREATE, BOTH, _of("order_id", "order_id"), of_merchant=True
    ),
    "return_detail": Entry(P.RETURNS_VIEW, kwargs=_number, of_merchant=True),
    "return_trace": Entry(P.RETURNS_VIEW, kwargs=_number, of_merchant=True),
    "return_slip": Entry(P.RETURNS_VIEW, kwargs=_number, of_merchant=True),
    "return_label": Entry(P.RETURNS_VIEW, kwargs=_received, of_merchant=True),
    "return_approve": _on(P.RETURNS_DECIDE, _number),
    "return_decline": Entry(
        P.RETURNS_DECIDE, BOTH, _number, _a(reason="Worn outdoors."), of_merchant=True
    ),
    "return_appeal": Entry(
        P.RETURNS_DECIDE, BOTH, _number, _a(outcome="upheld", answer="Seen."), of_merchant=True
    ),
    "return_ask": Entry(
        P.RETURNS_DECIDE, BOTH, _number, _a(question="Which size?"), of_merchant=True
    ),
    "return_cancel": Entry(P.RETURNS_DECIDE, BOTH, _number, of_merchant=True),
    "return_reopen": _on(P.RETURNS_DECIDE, _number),
    "return_assign": _on(P.RETURNS_NOTE, _number),
    "return_note": _on(P.RETURNS_NOTE, _number, body=_a(body="Seen.", kind="internal")),
    "return_label_retry": _on(P.RETURNS_DECIDE, _number),
    "return_track": _on(
        P.RETURNS_DECIDE, _number, body=_a(carrier="An Post", tracking_code="AP123456789IE")
    ),
    "return_settle": Entry(P.REFUNDS_GRANT, BOTH, _received, of_merchant=True),
    "marks": Entry(
        P.RETURNS_DECIDE, BOTH, body=_a(order="NL-1", kind="block", reason="Empty boxes.")
    ),
    "unmark": _on(P.RETURNS_DECIDE, _of("mark_id", "mark_id")),
    "photo": Entry(P.RETURNS_VIEW, kwargs=_of("photo_id", "photo"), of_merchant=True),
    # station
    "station": Entry(P.GOODS_RECEIVE),
    "station_location": Entry(P.GOODS_RECEIVE, POST, body=lambda w: {"location": w.location_id}),
    "station_scan": Entry(P.GOODS_RECEIVE, POST, body=lambda w: {"scan": w.received.number}),
    "station_return": Entry(P.GOODS_RECEIVE, kwargs=_received, of_merchant=True),
    "station_receive": _on(P.GOODS_RECEIVE, _received),
    "station_inspect": _on(P.GOODS_INSPECT, _unit, body=_a(grade="A", accepted="yes", version="1")),
    "station_photo": _on(P.GOODS_INSPECT, _unit),
    # money
    "refunds": Entry(P.REFUNDS_VIEW),
    "refund": Entry(P.REFUNDS_VIEW, kwargs=_refund, of_merchant=True),
    "refund_approve": _on(P.REFUNDS_SEND, _refund),
    "refund_retry": _on(P.REFUNDS_SEND, _refund),
    "refund_cancel": _on(P.REFUNDS_SEND, _refund),
    "refund_paid": _on(P.REFUNDS_SEND, lambda w: {"refund_id": w.refund.pk, "part_id": w.part.pk}),
    "exchanges": Entry(P.RETURNS_VIEW),
    "exchange_ship": _on(P.GOODS_RECEIVE, _of("exchange_id", "exchange")),
    "exchange_give_up": _on(P.RETURNS_DECIDE, _of("exchange_id", "exchange")),
    "exchange_collect": _on(P.REFUNDS_SEND, _of("exchange_id", "exchange")),
    "exchange_instead": _on(P.REFUNDS_GRANT, _of("exchange_id", "exchange")),
    "repairs": Entry(P.RETURNS_VIEW),
    "repair_start": _on(P.GOODS_INSPECT, _of("repair_id", "repair")),
    "repair_send": _on(P.GOODS_INSPECT, _of("repair_id", "repair")),
    "repair_give_up": _on(P.REFUNDS_GRANT, _of("repair_id", "repair")),
    # reading
    "orders": Entry(P.ORDERS_VIEW),
    "order": Entry(P.ORDERS_VIEW, kwargs=_of("order_id", "order_id"), of_merchant=True),
    "window_grant": _on(
        P.RETURNS_DECIDE,
        _of("order_id", "order_id"),
        body=lambda _w: {
            "until": (now() + timedelta(days=90)).date(),
            "reason": "She was ill.",
            "order_line": "all",
            "operation_id": new_token(),
        },
    ),
    "window_withdraw": _on(P.RETURNS_DECIDE, _grant),
    "order_gift_code": _on(P.RETURNS_CREATE, _of("order_id", "order_id")),
    "stock": Entry(P.STOCK_VIEW),
    "movements": Entry(P.STOCK_VIEW),
    # A variant of another merchant has no movements here: the list is empty.
    "variant_movements": Entry(P.STOCK_VIEW, kwargs=_of("variant_id", "variant_id")),
    "reports": Entry(P.REPORTS_VIEW),
    "report_file": Entry(P.REPORTS_VIEW, kwargs=_a(name="periods")),
    "withdrawal": Entry(
        P.RETURNS_DECIDE, BOTH, _of("withdrawal_id", "withdrawal"), of_merchant=True
    ),
    "tasks": Entry(P.RETURNS_VIEW),
    "task_done": _on(P.RETURNS_NOTE, _of("task_id", "task_id"), body=_a(note="Called them.")),
    "messages": Entry(P.MESSAGES_VIEW),
    "message": Entry(P.MESSAGES_VIEW, kwargs=_of("message_id", "message"), of_merchant=True),
    "message_html": Entry(P.MESSAGES_VIEW, kwargs=_of("message_id", "message"), of_merchant=True),
    "message_resend": _on(P.MESSAGES_VIEW, _of("message_id", "message")),
    # policy
    "policies": Entry(P.POLICY_EDIT),
    "policy_edit": Entry(P.POLICY_EDIT, BOTH),
    "risk": Entry(P.POLICY_EDIT, BOTH, body=_a(mode="shadow", review_at=60)),
    "policy_publish": Entry(P.POLICY_EDIT, POST),
    "policy_take_back": Entry(P.POLICY_EDIT, POST),
    "policy_cancel_scheduled": Entry(P.POLICY_EDIT, POST),
    "policy_discard": Entry(P.POLICY_EDIT, BOTH),
    "policy_withdrawal": Entry(P.POLICY_EDIT, BOTH),
    "policy_versions": Entry(P.POLICY_EDIT),
    "policy_version": Entry(P.POLICY_EDIT, kwargs=_a(number=1)),
    "policy_export": Entry(P.POLICY_EDIT, kwargs=_a(number=1)),
    "policy_start_from": Entry(P.POLICY_EDIT, POST, _a(number=1)),
    "policy_compare": Entry(P.POLICY_EDIT, query="?from=1&to=1"),
    "policy_import": Entry(P.POLICY_EDIT, BOTH),
    "policy_schema": Entry(P.POLICY_EDIT),
    # rehearsals
    "rehearsals": Entry(
        P.POLICY_EDIT, BOTH, body=lambda _w: {"days": "30", "operation_id": new_token()}
    ),
    "rehearsal": Entry(P.POLICY_EDIT, kwargs=_rehearsal, of_merchant=True),
    "rehearsal_state": Entry(P.POLICY_EDIT, kwargs=_rehearsal, of_merchant=True),
    "rehearsal_file": Entry(P.POLICY_EDIT, kwargs=_rehearsal, of_merchant=True),
    "rehearsal_cancel": _on(P.POLICY_EDIT, _rehearsal),
    "rehearsed_return": Entry(
        P.POLICY_EDIT,
        kwargs=lambda w: {"rehearsal_id": w.rehearsal.pk, "row_id": w.rehearsed.pk},
        of_merchant=True,
    ),
    "policy_start": Entry(P.POLICY_EDIT, BOTH, body=_a(starter="eu")),
    "policy_try": Entry(P.POLICY_EDIT, query="?number=NL-1"),
    "policy_rule_new": Entry(P.POLICY_EDIT, BOTH),
    "policy_rule": Entry(P.POLICY_EDIT, BOTH, _rule, of_merchant=True),
    "policy_rule_move": _on(P.POLICY_EDIT, _rule, body=_a(position="1")),
    "policy_rule_switch": _on(P.POLICY_EDIT, _rule),
    "policy_rule_duplicate": _on(P.POLICY_EDIT, _rule),
    "policy_rule_delete": Entry(P.POLICY_EDIT, BOTH, _rule, of_merchant=True),
    # settings
    "branding": Entry(P.SETTINGS_EDIT, BOTH),
    "branding_derive": Entry(P.SETTINGS_EDIT, query="?color=%231f6f5b"),
    "branding_preview": Entry(P.SETTINGS_EDIT, query="?color=%231f6f5b"),
    "branding_css": Entry(P.SETTINGS_EDIT, query="?color=%231f6f5b"),
    "domain": Entry(P.SETTINGS_EDIT, BOTH, body=_a(host="returns.example.com")),
    "domain_state": Entry(P.SETTINGS_EDIT),
    "domain_check": _on(P.SETTINGS_EDIT, _of("domain_id", "domain")),
    "domain_remove": _on(P.SETTINGS_EDIT, _of("domain_id", "domain")),
    "refund_limit": Entry(P.SETTINGS_EDIT, BOTH, body=_a(limit="250")),
    "languages": Entry(P.SETTINGS_EDIT, BOTH, body=_a(languages=["de", "en"], default="de")),
    "texts": Entry(P.SETTINGS_EDIT, query="?language=de&q=order"),
    "text": Entry(P.SETTINGS_EDIT, BOTH, _text, _a(form_0="Bestellung suchen")),
    "text_preview": Entry(P.SETTINGS_EDIT, POST, _text, _a(form_0="Bestellung suchen")),
    "texts_export": Entry(P.SETTINGS_EDIT, kwargs=_a(language="de")),
    "texts_import": Entry(P.SETTINGS_EDIT, BOTH, _a(language="de")),
    "providers": Entry(P.SETTINGS_EDIT),
    "provider_new": Entry(
        P.SETTINGS_EDIT,
        BOTH,
        _a(role="refunds", provider="manual"),
        lambda _w: {"name": "By hand", "operation_id": new_token()},
    ),
    "provider": Entry(P.SETTINGS_EDIT, BOTH, _of("account_id", "account"), of_merchant=True),
    "provider_status": _on(P.SETTINGS_EDIT, _of("account_id", "account"), body=_a(pause="1")),
    "location_new": Entry(P.SETTINGS_EDIT, BOTH),
    # Closing what isn't there is refused like closing the default: nothing is told.
    "location_close": Entry(P.SETTINGS_EDIT, POST, _of("location_id", "location_id")),
    "team": Entry(P.TEAM_EDIT),
    "invite": Entry(P.TEAM_EDIT, POST, body=_a(email="x@example.com", role="agent")),
    # Taking back what isn't there changes nothing and says nothing.
    "invitation_withdraw": Entry(P.TEAM_EDIT, POST, _of("invitation_id", "invitation")),
    "member_role": _on(P.TEAM_EDIT, _of("membership_id", "membership_id"), body=_a(role="finance")),
    "member_remove": _on(P.TEAM_EDIT, _of("membership_id", "membership_id")),
    "api_keys": Entry(P.SETTINGS_EDIT),
    "api_key_create": Entry(
        P.SETTINGS_EDIT,
        POST,
        body=lambda _w: {"name": "ERP", "scopes": ["orders:view"], "operation_id": new_token()},
    ),
    "api_key_revoke": _on(P.SETTINGS_EDIT, _of("key_id", "key")),
}
