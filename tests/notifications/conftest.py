"""A shop whose mail goes to a mail server of our own on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection

from returns_portal.core.crashpoints import armed
from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests import flows
from tests.simulators.mail import MailServer


@pytest.fixture(autouse=True)
def media(settings: LazySettings, tmp_path: Path) -> Path:
    """Keep the files of a test in a folder of its own."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def mail_server(settings: LazySettings) -> Iterator[MailServer]:
    """Send every mail of a test to a server of its own."""
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = 1
        yield server
    armed.clear()


@pytest.fixture
def shop(merchant: Merchant) -> Iterator[Merchant]:
    """Run the test in the scope of a merchant that is open for business."""
    merchant.postal_address = "Northloom Ltd, 14 Drury Street, Dublin 2"
    merchant.save()
    flows.open_for_business(merchant)
    connection.testing_inside_atomic = True
    with merchant_scope(merchant.pk):
        yield merchant
    del connection.testing_inside_atomic
