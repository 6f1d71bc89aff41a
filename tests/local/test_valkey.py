from __future__ import annotations

import os
from pathlib import Path

import pytest
import redis

from returns_portal.local import valkey

pytestmark = pytest.mark.services


def test_broker_keeps_words_over_a_restart_and_asks_for_its_password(tmp_path: Path) -> None:
    broker, child = valkey.server(tmp_path, tmp_path / "valkey.log", "secret")
    valkey.start(broker, child)
    with redis.Redis.from_url(broker.url) as client:
        client.set("word", "kept")
    with redis.Redis(port=broker.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.get("word")
    child.stop()

    child.start()
    child.wait_until(broker.answers, seconds=30)

    with redis.Redis.from_url(broker.url) as client:
        assert client.get("word") == b"kept"
    child.stop()


def test_start_on_a_damaged_file_goes_on_empty_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broker, child = valkey.server(tmp_path, tmp_path / "valkey.log", "secret")
    valkey.start(broker, child)
    child.stop()
    for stored in (tmp_path / "appendonlydir").iterdir():
        stored.write_bytes(os.urandom(256))

    valkey.start(broker, child)

    assert broker.answers()
    assert "damaged" in capsys.readouterr().out
    child.stop()
