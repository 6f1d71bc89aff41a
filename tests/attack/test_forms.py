"""Every form of every page, as found by reading the pages, with hostile values in each field."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urlencode, urljoin

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import clear_script_prefix

from tests.attack.conftest import Attack, Stage, read_and_close
from tests.attack.corpus import BROKEN_BYTES, TEXTS, share
from tests.attack.forms import Form, forms_of
from tests.attack.scene import Scene, office_addresses, portal_addresses

Found = tuple[Client, str, Form]


def _office_pages(here: Scene) -> Iterator[str]:
    yield from (one.url + one.query for one in office_addresses(here))
    for rma in (here.waiting, here.asked, here.declined, here.world.received):
        yield f"/app/{here.merchant.slug}/returns/{rma.number}/"


def _portal_pages(here: Scene) -> Iterator[str]:
    yield from (one.url for one in portal_addresses(here))
    for rma in (here.waiting, here.asked, here.declined, here.world.received):
        yield f"/r/{here.merchant.slug}/s/{rma.token}"


def forms(stage: Stage) -> Iterator[Found]:
    """Yield each form once, with its full address and a visitor who may send it."""
    here, seen = stage.here, set()
    for client, pages in (
        (here.staff("owner"), _office_pages(here)),
        (here.shopper(), _portal_pages(here)),
        (Client(raise_request_exception=False), ["/accounts/login/", "/accounts/password/reset/"]),
        (here.staff("agent"), ["/accounts/password/change/", "/accounts/logout/"]),
    ):
        for page in pages:
            clear_script_prefix()
            answer = client.get(page)
            read_and_close(answer)
            if answer.status_code != 200 or "text/html" not in answer["Content-Type"]:
                continue
            for form in forms_of(answer.content.decode()):
                action = urljoin(page, form.action or page)
                if (action, form.method, *form.fields) not in seen:
                    seen.add((action, form.method, *form.fields))
                    yield client, action, form


def _send(attack: Attack, found: Found, sent: dict[str, object], what: str) -> None:
    client, action, form = found
    if form.method == "post":
        attack.send(client, "POST", action, what, form=sent)
    else:
        path = action.partition("?")[0]
        attack.send(client, "GET", f"{path}?{urlencode(sent, doseq=True)}", what)


def test_the_forms_of_all_faces_are_found(stage: Stage, db: None) -> None:
    found = [(action, form) for _, action, form in forms(stage)]
    assert len(found) >= 70
    assert sum(len(form.fields) for _, form in found) >= 280
    assert {"login", "password"} <= {
        name for action, form in found if action == "/accounts/login/" for name in form.fields
    }


def test_hostile_values_in_any_field_never_break(attack: Attack) -> None:
    texts = share(TEXTS, 2)
    for found in forms(attack.stage):
        for name in found[2].fields:
            for text in next(texts):
                if found[2].method == "get":
                    text = text[:2000]
                _send(attack, found, found[2].sent(**{name: text}), f"{name}={text[:40]!r}")


def test_missing_and_repeated_fields_never_break(attack: Attack) -> None:
    for found in forms(attack.stage):
        form = found[2]
        _send(attack, found, {}, "nothing")
        _send(attack, found, {n: [*v, "\u0663", "-1"] for n, v in form.fields.items()}, "thrice")
        for name in form.fields:
            _send(attack, found, {n: v for n, v in form.fields.items() if n != name}, f"no {name}")


def test_other_bodies_than_a_form_never_break(attack: Attack) -> None:
    kinds = (
        ("application/json", b'{"a": {"b": 1}}'),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"+ADw-=1"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(2500))),
    )
    bodies = share([str(n) for n in range(len(kinds))], 2)
    for client, action, form in forms(attack.stage):
        if form.method != "post":
            continue
        for index in next(bodies):
            kind, body = kinds[int(index)]
            attack.send(client, "POST", action, kind, body=body, content_type=kind)
        for raw in BROKEN_BYTES[:2]:
            body = b"&".join(quote(n).encode() + b"=" + raw for n in form.fields)
            kind = "application/x-www-form-urlencoded"
            attack.send(client, "POST", action, raw, body=body, content_type=kind)


def test_files_where_there_are_none_and_words_where_there_are_never_break(attack: Attack) -> None:
    for client, action, form in forms(attack.stage):
        if form.method != "post":
            continue
        junk = SimpleUploadedFile("../" + "x" * 300 + "\u202egpj.exe", b"MZ", "image/png")
        sent = form.sent(**dict.fromkeys([*form.files, *list(form.fields)[:1]], junk))
        attack.send(client, "POST", action, "files", form=sent)
        if form.files:
            words = form.sent(**dict.fromkeys(form.files, "words"))
            attack.send(client, "POST", action, "words for files", form=words)
