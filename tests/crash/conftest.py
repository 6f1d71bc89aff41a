"""A shop in the test's own database, and real worker processes that work for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings

from returns_portal.core.scope import merchant_scope
from returns_portal.tenancy.models import Merchant
from tests import flows
from tests.crash.processes import Processes
from tests.simulators.mail import MailServer


@pytest.fixture
def mail_server(settings: LazySettings) -> Iterator[MailServer]:
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server


@pytest.fixture
def processes(
    transactional_db: None, settings: LazySettings, tmp_path: Path, mail_server: MailServer
) -> Iterator[Processes]:
    """Start workers and commands as processes of their own; all are ended after the test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    with Processes(tmp_path, mail_port=mail_server.port) as started:
        yield started


@pytest.fixture
def shop(transactional_db: None, merchant: Merchant) -> Iterator[Merchant]:
    """Run the test in the scope of a merchant that is open for business."""
    flows.open_for_business(merchant)
    with merchant_scope(merchant.pk):
        yield merchant
