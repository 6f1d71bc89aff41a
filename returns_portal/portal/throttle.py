"""How often somebody may guess: ten wrong tries an address, five an order, three links an e-mail,
in fifteen minutes.

The counts live in the cache and are taken before the look-up, so that a burst of parallel guesses
counts in full; a right answer is given back. When the cache is away nobody may guess.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from returns_portal.commerce.keys import number_key
from returns_portal.core.clock import now
from returns_portal.core.crypto import normalise
from returns_portal.core.errors import DomainError

WINDOW_SECONDS = 15 * 60
TRIES_PER_ADDRESS = 10
TRIES_PER_ORDER = 5
LINKS_PER_EMAIL = 3
# So many, and the first page offers a link by e-mail first.
MISSES_BEFORE_LINK = 3


class TooManyTries(DomainError):
    """Somebody guesses too often. HTTP 429; ``facts["seconds"]`` says how long to wait."""

    status = 429
    default_code = "too_many_tries"


class LookupAway(DomainError):
    """The counts cannot be read, so nobody may try. HTTP 503."""

    status = 503
    default_code = "lookup_away"


@dataclass(frozen=True, slots=True)
class _Count:
    key: str
    most: int


def take_try(request: HttpRequest, number: str) -> list[str]:
    """Count a try and return what :func:`give_back` takes. Raises TooManyTries or LookupAway.

    An order counts by the number as typed, whether it exists or not.
    """
    counts = (
        _Count(_key(request, "address", client_address(request)), TRIES_PER_ADDRESS),
        _Count(_key(request, "order", number_key(number)), TRIES_PER_ORDER),
    )
    return _take_all(counts)


def take_link_try(request: HttpRequest, email: str) -> None:
    """Count a link asked for by e-mail. Raises TooManyTries or LookupAway.

    Never given back, as nobody is told whether it was right. A visitor's share is the one of the
    look-ups; an e-mail address counts whether an order has it or not.
    """
    _take_all(
        (
            _Count(_key(request, "address", client_address(request)), TRIES_PER_ADDRESS),
            _Count(_key(request, "email", normalise(email)), LINKS_PER_EMAIL),
        )
    )


def say_when(response: HttpResponse, refusal: DomainError) -> HttpResponse:
    """Add to a refused page when to try again, for programs."""
    if "seconds" in refusal.facts:
        response["Retry-After"] = str(refusal.facts["seconds"])
    return response


def _take_all(counts: tuple[_Count, ...]) -> list[str]:
    try:
        return [_take(one) for one in counts]
    except (RedisError, OSError) as error:
        raise LookupAway(
            _("We can’t look up orders for a moment. Try again in a minute.")
        ) from error


def missed_often(request: HttpRequest) -> bool:
    """Tell whether a visitor has used up three tries of late; False when nobody can tell.

    Counts the visitor's tries and nothing about any order, so that the answer says nothing of one.
    """
    key = _key(request, "address", client_address(request))
    try:
        until = cache.get(f"{key}:until")
        tries = cache.get(f"{key}:{int(float(until))}") if until else 0
    except (RedisError, OSError):
        return False
    return int(tries or 0) >= MISSES_BEFORE_LINK


def give_back(taken: list[str]) -> None:
    """Uncount a try that was right."""
    try:
        for key in taken:
            cache.decr(key)
    except (RedisError, OSError, ValueError):
        # A count that stays one too high is harmless and runs out by itself.
        return


def client_address(request: HttpRequest) -> str:
    """Return the visitor's address: behind trusted proxies, the one the outermost of them saw."""
    hops = settings.TRUSTED_PROXY_COUNT
    if hops:
        passed = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(passed) >= hops and passed[-hops]:
            return passed[-hops]
    return str(request.META.get("REMOTE_ADDR", ""))


def _take(count: _Count) -> str:
    moment = now().timestamp()
    until = float(
        cache.get_or_set(f"{count.key}:until", moment + WINDOW_SECONDS, WINDOW_SECONDS) or moment
    )
    key = f"{count.key}:{int(until)}"
    tries = 1 if cache.add(key, 1, WINDOW_SECONDS) else cache.incr(key)
    if tries > count.most:
        raise _too_many(max(1, math.ceil(until - moment)))
    return key


def _too_many(seconds: int) -> TooManyTries:
    minutes = math.ceil(seconds / 60)
    wait = ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
    # Translators: wait is a length of time such as "12 minutes"
    words = _("Too many tries. Wait %(wait)s, then try again.") % {"wait": wait}
    return TooManyTries(words, facts={"seconds": seconds})


def _key(request: HttpRequest, kind: str, value: str) -> str:
    digest = hashlib.sha256(value.encode()).hexdigest()[:32]
    return f"portal:tries:{request.merchant.pk}:{kind}:{digest}"
