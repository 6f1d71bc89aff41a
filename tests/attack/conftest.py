"""The scenes, kept for a module, and a recorder of what broke."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import got_request_exception
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import clear_script_prefix

from tests.attack.scene import Scene, build_scene, print_of_rows, tables


@dataclass(frozen=True, slots=True)
class Stage:
    """The shop that is attacked, and its neighbour."""

    here: Scene
    there: Scene


@pytest.fixture(scope="module")
def stage(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Return both shops. Their rows are committed: each test takes back what it does."""
    media = tmp_path_factory.mktemp("media")
    with override_settings(MEDIA_ROOT=media, TEMPLATES=_kept_templates()):
        try:
            with django_db_blocker.unblock():
                cache.clear()
                built = Stage(build_scene("northloom"), build_scene("southpine"))
                connection.close()
            yield built
        finally:
            with django_db_blocker.unblock():
                call_command("flush", verbosity=0, interactive=False)


def _kept_templates() -> list[dict[str, Any]]:
    """Return the template settings of production, which reads each file once."""
    wanted = deepcopy(settings.TEMPLATES)
    loader = "django.template.loaders.filesystem.Loader"
    wanted[0]["OPTIONS"]["loaders"] = [("django.template.loaders.cached.Loader", [loader])]
    return wanted


@dataclass
class Attack:
    """Sends requests, takes back what they did, and keeps a list of what went wrong."""

    stage: Stage
    names: list[str]
    before: dict[str, Any] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    sent: int = 0
    raised: list[str] = field(default_factory=list)

    def send(
        self, client: Client, method: str, url: str, said: object = "", **options: Any
    ) -> HttpResponse:
        """Send one request. A server error, or rows changed by a refused one, is noted."""
        if not self.before:
            self.before = print_of_rows(self.stage.here.merchant, self.names)
        self.raised.clear()
        cache.clear()
        with transaction.atomic():
            answer = _call(client, method, url, options)
            read_and_close(answer)
            self._check(answer, f"{method} {url[:160]} {str(said)[:160]}")
            transaction.set_rollback(True)
        self.sent += 1
        return answer

    def _check(self, answer: HttpResponse, what: str) -> None:
        if answer.status_code >= 500:
            self.wrong.append(f"{answer.status_code} {what}: {' '.join(self.raised)[:300]}")
        if answer.status_code >= 400:
            after = print_of_rows(self.stage.here.merchant, self.names)
            changed = [name for name, rows in after.items() if rows != self.before[name]]
            if changed:
                self.wrong.append(f"{answer.status_code} {what}: changed {changed}")


def read_and_close(answer: HttpResponse) -> None:
    """Draw what is streamed, as a server would, and close the files behind it."""
    if answer.streaming:
        answer.drawn = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    for close in answer._resource_closers:
        close()


def _call(client: Client, method: str, url: str, options: dict[str, Any]) -> HttpResponse:
    # A server does this at the start of every request; the test client does not.
    clear_script_prefix()
    if method == "POST" and "content_type" not in options:
        return client.post(url, options.pop("form", {}), **options)
    options.pop("form", None)
    body = options.pop("body", b"")
    kind = options.pop("content_type", "application/octet-stream")
    return client.generic(method, url, body, content_type=kind, **options)


@pytest.fixture
def attack(stage: Stage, db: None) -> Iterator[Attack]:
    """Return the attack; at its end nothing may have gone wrong."""
    one = Attack(stage, tables())

    def note(sender: Any = None, **_: Any) -> None:
        kind, error, _trace = sys.exc_info()
        one.raised.append(f"{kind.__name__ if kind else ''}: {error}")

    got_request_exception.connect(note)
    yield one
    got_request_exception.disconnect(note)
    assert not one.wrong, f"{len(one.wrong)} of {one.sent}:\n" + "\n".join(one.wrong[:80])
