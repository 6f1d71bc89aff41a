"""The demo's past was decided by the product: its policy, rehearsed on it, decides the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.management import call_command
from django.db import connection, transaction

from returns_portal.core.actor import SYSTEM
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from rma.actions.rehearsal_parts import rehearse_part
from rma.actions.rehearsing import start_rehearsal
from rma.models import Rehearsal, Return


@pytest.fixture
def demo(db: None, settings: LazySettings, tmp_path: Path) -> Iterator[Merchant]:
    """Return the demo merchant with the last of its past returns."""
    settings.MEDIA_ROOT = tmp_path
    connection.testing_inside_atomic = True
    call_command("seed_demo", "--returns", "12", verbosity=0)
    yield Merchant.objects.get(slug="northloom")
    del connection.testing_inside_atomic


def test_rehearsal_of_the_demo_policy_reproduces_every_decision(demo: Merchant) -> None:
    with merchant_scope(demo.pk):
        with transaction.atomic():
            start_rehearsal(90, SYSTEM)
        while rehearse_part():
            pass
        with transaction.atomic():
            ended = Rehearsal.objects.get()
            returns = Return.objects.count()

    assert (ended.status, ended.totals["unreadable"], ended.changed) == ("done", 0, 0)
    assert ended.totals["returns"] == returns >= 15
    assert {flow for flow, count in ended.totals["flows"].items() if count} >= {
        "allow>allow",
        "review>review",
    }
