"""A merchant's own wording, laid over the catalogues while that merchant speaks.

The texts in force live in a ContextVar and are looked up before the catalogue, also by texts that
are only turned into words later. Outside :func:`own_wording` the product speaks as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import c2py

from babel.messages.plurals import get_plural
from django.utils.translation import trans_real

from returns_portal.core.languages import format_locale

# By language and gettext key; a key with a context is ``context \x04 text``. Each text has as many
# forms as its language has plurals, or one.
OwnTexts = Mapping[str, Mapping[str, tuple[str, ...]]]

NONE: OwnTexts = {}
_current: ContextVar[OwnTexts] = ContextVar("own_texts", default=NONE)


@contextmanager
def own_wording(texts: OwnTexts) -> Iterator[None]:
    """Speak with ``texts`` instead of the catalogues' inside the block; ``NONE`` speaks plainly."""
    token = _current.set(texts)
    try:
        yield
    finally:
        _current.reset(token)


def install() -> None:
    """Let Django's look-ups see own texts. Called once, when the apps are ready."""
    # Django has no seam for it; catalogues are made by this name, and some may be made already.
    trans_real.DjangoTranslation = _Overlaid  # type: ignore[misc]
    trans_real._translations.clear()  # type: ignore[attr-defined]
    trans_real._default = None  # type: ignore[attr-defined]


class _Overlaid(trans_real.DjangoTranslation):
    """A language's catalogue with the texts in force laid over it."""

    def gettext(self, message: str) -> str:
        own = _own(self.language(), message)
        return own[0] if own else super().gettext(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        language = self.language()
        own = _own(language, msgid1)
        return own[_form(language, n)] if own else super().ngettext(msgid1, msgid2, n)


def _own(language: str, key: str) -> tuple[str, ...] | None:
    texts = _current.get()
    return texts[language].get(key) if language in texts else None


def _form(language: str, n: int) -> int:
    return int(_plural_rule(language)(n))


@lru_cache(maxsize=32)
def _plural_rule(language: str):  # type: ignore[no-untyped-def]  # gettext's own is untyped
    return c2py(get_plural(format_locale(language)).plural_expr)
