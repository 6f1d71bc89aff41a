"""The rehearsal pages: starting one, watching it, what it found, and both decisions apart."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from returns_portal.core.actor import SYSTEM
from returns_portal.core.clock import shifted
from returns_portal.core.ids import new_id, new_token
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.policy import save_draft
from rma.actions.rehearsal_parts import rehearse_part
from rma.actions.rehearsing import start_rehearsal
from rma.models import Rehearsal, RehearsedReturn, Return
from rma.policy.document import default_policy
from tests import flows
from tests.backoffice.conftest import HOME, SignIn, queries
from tests.rma.policy.test_own_rules import do, rule, when

POLICIES = f"{HOME}policies/"
ALL = f"{POLICIES}rehearsals/"


@pytest.fixture(autouse=True)
def _workers_inside(shop: Merchant) -> Iterator[None]:
    """Let the parts of a rehearsal commit inside the test's own transaction."""
    connection.testing_inside_atomic = True
    yield
    del connection.testing_inside_atomic


def past(shop: Merchant, count: int, price: int = 30_000) -> list[Return]:
    """Return past returns that a person had to look at: dearer than policy decides by itself."""
    with merchant_scope(shop.pk):
        return [
            flows.request(flows.order(number=f"NL-{n}", prices=(price,), email=f"{n}@example.com"))
            for n in range(count)
        ]


def draft(shop: Merchant, **approval: Any) -> None:
    document = default_policy("EUR")
    document["approval"] |= approval
    with merchant_scope(shop.pk), transaction.atomic():
        save_draft(document, actor=SYSTEM)


def rehearsed(shop: Merchant, *, days: int = 90, ended: bool = True) -> Rehearsal:
    with merchant_scope(shop.pk):
        with transaction.atomic():
            started = start_rehearsal(days, SYSTEM)
        while ended and rehearse_part():
            pass
        with transaction.atomic():
            return Rehearsal.objects.get(pk=started.pk)


def page_of(found: Rehearsal) -> str:
    return f"{ALL}{found.pk}/"


def start(client: Client, **values: str) -> Any:
    return client.post(ALL, {"days": "90", "operation_id": new_token()} | values)


def test_start_from_the_policy_page_rehearses_and_shows_it(shop: Merchant, owner: Client) -> None:
    draft(shop, max_value_minor=None)

    offered = owner.get(POLICIES)
    answer = start(owner, days="30")

    assert b"What would change" in offered.content
    with merchant_scope(shop.pk):
        started = Rehearsal.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(started))
    assert (started.days, started.started_by) == (30, owner.user.name)  # type: ignore[attr-defined]
    assert b"Draft v2 waits for its turn" in owner.get(POLICIES).content


def test_currency_in_which_nothing_is_paid_is_left_out(shop: Merchant, owner: Client) -> None:
    past(shop, 1)
    with merchant_scope(shop.pk):
        flows.request(flows.order(number="NL-9", currency="GBP"))
    draft(shop, max_value_minor=40_000)

    shown = owner.get(page_of(rehearsed(shop))).content.decode()
    figures = shown.partition("Effect on past returns")[2].partition("</table>")[0]

    assert "€295.05" in figures
    assert "£" not in figures


def test_start_of_another_period_names_the_field_and_starts_nothing(
    shop: Merchant, owner: Client
) -> None:
    answer = start(owner, days="31")

    assert answer.status_code == 422
    assert answer.content.count(b"Choose 30 days, 90 days or a year.") == 2
    with merchant_scope(shop.pk):
        assert not Rehearsal.objects.exists()


def test_start_twice_by_one_form_starts_one(shop: Merchant, owner: Client) -> None:
    token = new_token()
    start(owner, operation_id=token)

    answer = start(owner, operation_id=token)

    assert answer.status_code == 409
    with merchant_scope(shop.pk):
        assert Rehearsal.objects.count() == 1


def test_start_without_the_permission_is_refused_and_starts_nothing(
    shop: Merchant, sign_in: SignIn
) -> None:
    answer = start(sign_in("agent"))

    assert answer.status_code == 403
    with merchant_scope(shop.pk):
        assert not Rehearsal.objects.exists()


def test_progress_is_polled_until_it_has_ended(shop: Merchant, owner: Client) -> None:
    past(shop, 1)
    running = rehearsed(shop, ended=False)

    page = owner.get(page_of(running)).content.decode()
    waiting = owner.get(f"{page_of(running)}state/")
    with merchant_scope(shop.pk):
        rehearse_part()
    at_work = owner.get(f"{page_of(running)}state/")
    with merchant_scope(shop.pk):
        rehearse_part()
    ended = owner.get(f"{page_of(running)}state/")

    assert f'data-poll="{page_of(running)}state/"' in page
    assert "waits for its turn" in waiting.content.decode()
    assert 'value="0" max="1"' in at_work.content.decode()
    assert "X-Poll" not in at_work.headers
    assert ended["X-Poll"] == "stop"
    assert "0 of 1 decision would change." in ended.content.decode()
    assert "data-poll=" not in owner.get(page_of(running)).content.decode()


def test_result_tells_what_changes_for_whom_and_what_it_is_worth(
    shop: Merchant, owner: Client
) -> None:
    first, _ = past(shop, 2)
    draft(shop, max_value_minor=None)
    found = rehearsed(shop)

    page = " ".join(owner.get(page_of(found)).content.decode().split())
    card = owner.get(POLICIES).content.decode()

    assert "2 of 2 decisions would change." in page
    assert "Live: 0 approved, 2 to review, 0 declined." in page
    assert "Draft: 2 approved, 0 to review, 0 declined." in page
    effect = '<th scope="row">Sent to review</th><td>2</td><td>0</td>'
    assert f'{effect}<td><span class="delta" data-tone="success">\N{MINUS SIGN}2</span>' in page
    assert "<td>€0.00</td><td>€590.10</td>" in page
    assert '<th scope="row">SE</th><td data-num>2</td><td data-num>0</td>' in page
    assert '<th scope="row">Changed my mind</th><td data-num>2</td><td data-num>0</td>' in page
    for shown in (page, card):
        assert first.number in shown
        assert "style=" not in shown


def test_result_of_nothing_says_so(shop: Merchant, owner: Client) -> None:
    empty = rehearsed(shop)
    past(shop, 1)
    same = rehearsed(shop)

    assert b"against the last 90 days: no returns." in owner.get(page_of(empty)).content
    assert b"No decision would change" in owner.get(page_of(same)).content


def test_result_is_marked_once_the_draft_has_changed_and_stays_while_another_runs(
    shop: Merchant, owner: Client
) -> None:
    past(shop, 1)
    draft(shop, max_value_minor=None)
    rehearsed(shop)
    assert b"The policy has changed since." not in owner.get(POLICIES).content

    draft(shop, max_value_minor=None, review_hours=3)
    running = rehearsed(shop, ended=False)

    page = owner.get(POLICIES).content.decode()
    assert "The policy has changed since." in page
    assert f'data-poll="{page_of(running)}state/?card"' in page
    assert "1 of 1 decision would change." in page
    assert "1 of 1 decision" in owner.get(f"{page_of(running)}state/?card").content.decode()
    assert "1 of 1 decision" not in owner.get(f"{page_of(running)}state/").content.decode()


def test_card_goes_on_to_the_rehearsal_that_replaced_the_one_it_watches(
    shop: Merchant, owner: Client
) -> None:
    past(shop, 1)
    replaced = rehearsed(shop, ended=False)
    running = rehearsed(shop, ended=False)

    card = owner.get(f"{page_of(replaced)}state/?card")
    page = owner.get(f"{page_of(replaced)}state/")

    assert "X-Poll" not in card.headers
    assert f"{running.pk}/cancel/" in card.content.decode()
    assert page["X-Poll"] == "stop"


def test_unreadable_returns_are_counted_and_named(shop: Merchant, owner: Client) -> None:
    [rma] = past(shop, 1)
    with merchant_scope(shop.pk):
        Return.objects.filter(pk=rma.pk).update(facts={})
    found = rehearsed(shop)

    page = owner.get(page_of(found)).content.decode()

    assert "1 return is not in these figures." in page
    assert f"were not kept with them: {rma.number}." in page


def test_cancel_stops_it_and_a_second_time_changes_nothing(shop: Merchant, owner: Client) -> None:
    past(shop, 1)
    running = rehearsed(shop, ended=False)

    first = owner.post(f"{page_of(running)}cancel/", follow=True)
    again = owner.post(f"{page_of(running)}cancel/", follow=True)

    assert b"The rehearsal is cancelled. Nothing was changed." in first.content
    assert again.status_code == 200
    with merchant_scope(shop.pk):
        assert not rehearse_part()
        assert Rehearsal.objects.get().status == "cancelled"
    assert b"was cancelled before it had looked" in owner.get(page_of(running)).content


def test_cancel_of_what_has_ended_shows_its_result(shop: Merchant, owner: Client) -> None:
    found = rehearsed(shop)

    answer = owner.post(f"{page_of(found)}cancel/")

    assert (answer.status_code, answer["Location"]) == (302, page_of(found))
    with merchant_scope(shop.pk):
        assert Rehearsal.objects.get().status == "done"


def test_both_decisions_stand_beside_each_other(shop: Merchant, owner: Client) -> None:
    [rma] = past(shop, 1)
    draft(shop, max_value_minor=None)
    found = rehearsed(shop)
    with merchant_scope(shop.pk):
        row = RehearsedReturn.objects.get()

    page = owner.get(f"{page_of(found)}returns/{row.pk}/").content.decode()

    assert f"{rma.number}, both decisions" in page
    assert "Decided then, under v1" in page
    assert '<h2 id="s2">Draft v2</h2>' in page
    assert '<th scope="row">Decision</th><td class="t2">Review</td><td>Approved</td>' in page
    assert '<th scope="row">Rule</th><td class="t2">value limit</td>' in page
    assert "Over the limit of €250.00: worth €300.00." in page
    assert "No value limit." in page
    assert "€4.95" in page


def test_changed_return_of_another_rehearsal_is_not_found(shop: Merchant, owner: Client) -> None:
    past(shop, 1)
    draft(shop, max_value_minor=None)
    first, second = rehearsed(shop), rehearsed(shop)
    with merchant_scope(shop.pk):
        row = RehearsedReturn.objects.get(rehearsal=first)

    assert owner.get(f"{page_of(second)}returns/{row.pk}/").status_code == 404
    assert owner.get(f"{page_of(first)}returns/{new_id()}/").status_code == 404
    assert owner.get(f"{ALL}{new_id()}/").status_code == 404


def test_file_has_every_changed_return(shop: Merchant, owner: Client) -> None:
    returns = past(shop, 3)
    draft(shop, max_value_minor=None)
    found = rehearsed(shop)

    answer = owner.get(f"{page_of(found)}changed.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]

    assert answer["Content-Disposition"] == 'attachment; filename="rehearsal-v2-90-days.csv"'
    assert {row["return"] for row in rows} == {rma.number for rma in returns}
    assert {(row["before"], row["after"], row["rule_before"]) for row in rows} == {
        ("review", "allow", "value_limit")
    }
    assert {(row["worth"], row["fee_before"], row["currency"]) for row in rows} == {
        ("295.05", "4.95", "EUR")
    }


def test_list_goes_page_by_page_newest_first(
    shop: Merchant, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("returns_portal.backoffice.paging.keyset.__kwdefaults__", {"size": 2})
    with shifted(-timedelta(days=3)):
        [oldest] = past(shop, 1)
    with merchant_scope(shop.pk):
        newer = [
            flows.request(flows.order(number=f"N-{n}", prices=(30_000,), email=f"n{n}@example.com"))
            for n in range(2)
        ]
    draft(shop, max_value_minor=None)
    found = rehearsed(shop)

    first = owner.get(page_of(found))
    numbers = [one.row.rma.number for one in first.context["changed"]]
    rest = owner.get(page_of(found) + first.context["slice"].next_url)

    assert numbers == [rma.number for rma in reversed(newer)]
    assert [one.row.rma.number for one in rest.context["changed"]] == [oldest.number]


def test_pages_use_the_same_statements_for_2_and_20_changed_returns(
    shop: Merchant, owner: Client
) -> None:
    past(shop, 20)
    draft(shop, max_value_minor=None)
    found = rehearsed(shop)
    with merchant_scope(shop.pk):
        row = RehearsedReturn.objects.latest("requested_at")
    pages = (POLICIES, ALL, page_of(found), f"{page_of(found)}state/")
    pages = (*pages, f"{page_of(found)}returns/{row.pk}/")
    many = [queries(owner, address) for address in pages]
    with merchant_scope(shop.pk):
        keep = RehearsedReturn.objects.order_by("-requested_at").values("pk")[:2]
        RehearsedReturn.objects.exclude(pk__in=list(keep.values_list("pk", flat=True))).delete()

    few = [queries(owner, address) for address in pages]

    assert few == many


def test_list_of_rehearsals_names_them_with_when_they_were_saved(
    shop: Merchant, owner: Client
) -> None:
    past(shop, 1)
    rehearsed(shop, days=30)
    draft(shop, max_value_minor=None)
    rehearsed(shop, days=365)

    page = owner.get(ALL)

    names = [name for _, name in page.context["earlier"]]
    assert names == ["Draft v2", "v1"]
    assert [one.changed for one, _ in page.context["earlier"]] == [1, 0]


def test_own_rules_are_named_and_the_list_is_filtered_by_what_changed(
    shop: Merchant, owner: Client
) -> None:
    [dear] = past(shop, 1)
    with merchant_scope(shop.pk):
        cheap = flows.request(flows.order(number="NL-9", prices=(2500,), email="9@example.com"))
        document = default_policy("EUR")
        document["approval"]["max_value_minor"] = None
        document["fee"]["amount_minor"] = 700
        document["rules"] = [
            rule(when("return.value", "under", 9000), do("decline"), key="cheap", name="Not cheap")
        ]
        with transaction.atomic():
            save_draft(document, actor=SYSTEM)
    found = rehearsed(shop)

    def listed(query: str) -> list[str]:
        answer = owner.get(f"{page_of(found)}{query}")
        assert answer.status_code == 200
        return sorted(one.row.rma.number for one in answer.context["changed"])

    both = sorted([dear.number, cheap.number])
    assert listed("") == listed("?move=odd&what=odd") == both
    assert listed("?move=review%3Eallow") == [dear.number]
    assert listed("?move=allow%3Erefuse&what=rule") == [cheap.number]
    assert listed("?move=allow%3Erefuse&what=resolutions") == []
    assert listed("?what=fee") == sorted(
        one.row.rma.number for one in owner.get(page_of(found)).context["changed"] if one.fee
    )
    page = owner.get(f"{page_of(found)}?move=allow%3Erefuse").content.decode()
    assert '<td data-prio="3" class="t2">Not cheap</td>' in page
    assert f'href="{page_of(found)}changed.csv?move=allow%3Erefuse"' in page
    empty = owner.get(f"{page_of(found)}?move=refuse%3Eallow").content.decode()
    assert "No changed return fits this." in empty
    sent = owner.get(f"{page_of(found)}changed.csv?move=allow%3Erefuse")
    text = b"".join(sent.streaming_content).decode()  # type: ignore[attr-defined]
    assert [row["return"] for row in csv.DictReader(io.StringIO(text))] == [cheap.number]

    with merchant_scope(shop.pk):
        row = RehearsedReturn.objects.get(rma=cheap)
    apart = owner.get(f"{page_of(found)}returns/{row.pk}/").content.decode()
    assert '<th scope="row">Rule</th><td class="t2">None stopped it</td><td>Not cheap</td>' in apart
