"""The text of an API key: it names its merchant, so that its row is found inside that scope."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from uuid import UUID

from returns_portal.tenancy.models import ApiKey, Merchant

_MERCHANT_LETTERS = 26
_NOTHING = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Token:
    """An API key as its holder sends it: ``rp_<merchant><key id>_<secret>``."""

    merchant_id: UUID
    key_id: str
    secret: str

    def __str__(self) -> str:
        merchant = base64.b32encode(self.merchant_id.bytes).decode().rstrip("=").lower()
        return f"rp_{merchant}{self.key_id}_{self.secret}"

    @property
    def secret_hash(self) -> bytes:
        """Return what is kept of the secret: its SHA-256. The secret itself is 256 random bits."""
        return hashlib.sha256(self.secret.encode()).digest()


def new_token(merchant_id: UUID) -> Token:
    """Make the text of a new key of a merchant."""
    return Token(merchant_id, secrets.token_hex(6), secrets.token_urlsafe(32))


def read_token(text: str) -> Token | None:
    """Return the token that ``text`` is, or None. Says nothing about its being valid."""
    prefix, _, rest = text.strip().partition("_")
    name, _, secret = rest.partition("_")
    merchant, key_id = name[:_MERCHANT_LETTERS], name[_MERCHANT_LETTERS:]
    if prefix != "rp" or not key_id.isalnum() or not secret or len(secret) > 200:
        return None
    try:
        merchant_id = UUID(bytes=base64.b32decode(f"{merchant.upper()}======"))
    except (binascii.Error, ValueError):
        return None
    return Token(merchant_id, key_id, secret)


def find_key(token: Token) -> ApiKey | None:
    """Return the live key of ``token`` in its merchant's scope, or None: one statement.

    Compares the secret's hash in constant time, for an unknown key id as well.
    """
    key = ApiKey.objects.select_related("merchant").filter(key_id=token.key_id[:16]).first()
    kept = bytes(key.secret_hash) if key else _NOTHING
    fits = hmac.compare_digest(kept, token.secret_hash)
    if key is None or not fits or key.revoked_at:
        return None
    return key if key.merchant.status == Merchant.Status.ACTIVE else None
