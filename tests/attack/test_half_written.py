"""A request that ends in a refusal leaves no trace, wherever on its way it was refused."""

from __future__ import annotations

from tests.attack.conftest import Attack


def test_an_action_whose_answer_cannot_be_sent_is_undone(attack: Attack) -> None:
    here = attack.stage.here
    url = f"/app/northloom/returns/{here.waiting.number}/approve/"
    sent = {"back": "queue", "query": "x" * 20_000}
    assert attack.send(here.staff("owner"), "POST", url, form=sent).status_code == 400
