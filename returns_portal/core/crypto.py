"""Sealing of personal columns (AES-256-GCM) and blind indexes to find them by equality.

Sealed bytes: ``version(1) | key id length(1) | key id | merchant(16) | nonce(12) | ciphertext``.
The key is derived per merchant (HKDF-SHA256); the column's name is authenticated with it, so bytes
moved to another column or merchant do not open.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import unicodedata
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_VERSION = 1


class SealBroken(ValueError):
    """The bytes were changed, moved to another column or merchant, or their key is gone."""


@lru_cache(maxsize=1)
def _ring() -> dict[str, bytes]:
    """Return the key ring by key id; the first one seals."""
    ring: dict[str, bytes] = {}
    for entry in settings.FIELD_KEYS:
        key_id, _, encoded = entry.partition(":")
        key = base64.b64decode(encoded, validate=True) if encoded else b""
        if len(key) != 32 or not 0 < len(key_id) < 32:
            raise ImproperlyConfigured("FIELD_KEYS entries look like id:base64-of-32-random-bytes.")
        ring[key_id] = key
    if not ring:
        ring["derived"] = hashlib.sha256(b"field-keys:" + settings.SECRET_KEY.encode()).digest()
    return ring


@lru_cache(maxsize=4096)
def _derive(key_id: str, merchant: bytes, purpose: bytes) -> bytes:
    try:
        root = _ring()[key_id]
    except KeyError:
        raise SealBroken(f"key {key_id!r} is not in FIELD_KEYS") from None
    return HKDF(algorithm=SHA256(), length=32, salt=merchant, info=purpose).derive(root)


def seal(plain: bytes, *, merchant_id: UUID, column: str) -> bytes:
    """Encrypt ``plain`` for one merchant's ``column`` (``table.column``)."""
    key_id = next(iter(_ring()))
    key = _derive(key_id, merchant_id.bytes, b"seal")
    nonce = os.urandom(12)
    head = bytes([_VERSION, len(key_id)]) + key_id.encode() + merchant_id.bytes
    return head + nonce + AESGCM(key).encrypt(nonce, plain, column.encode())


def unseal(sealed: bytes, *, column: str) -> bytes:
    """Decrypt what :func:`seal` made. Raises SealBroken."""
    if len(sealed) < 46 or sealed[0] != _VERSION:
        raise SealBroken("not a sealed value")
    size = sealed[1]
    key_id = sealed[2 : 2 + size].decode()
    rest = sealed[2 + size :]
    merchant, nonce, ciphertext = rest[:16], rest[16:28], rest[28:]
    key = _derive(key_id, merchant, b"seal")
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, column.encode())
    except InvalidTag:
        raise SealBroken("the sealed value does not belong here or was changed") from None


def normalise(text: str) -> str:
    """Fold text for comparison: NFKC, case-folded, without surrounding or double white space."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def blind_index(text: str, *, merchant_id: UUID, purpose: str) -> bytes:
    """Return 16 bytes that equal texts (after :func:`normalise`) share, and that tell nothing else.

    Uses the oldest key of the ring, so that adding a key for sealing loses no lookup.
    """
    key_id = list(_ring())[-1]
    key = _derive(key_id, merchant_id.bytes, b"index:" + purpose.encode())
    return hmac.new(key, normalise(text).encode(), hashlib.sha256).digest()[:16]
