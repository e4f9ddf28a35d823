"""Encryption of what must be read back: the secrets of second factors.

AES-256-GCM with a key derived from the secret key (HKDF-SHA256, RFC 5869), so that a copy of the database
alone opens nothing. A changed secret key with the old one in SECRET_KEY_FALLBACKS still reads.
"""

from __future__ import annotations

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = "v1."
_NONCE = 12


class CannotDecrypt(Exception):
    """Written with another secret key, or damaged."""


def _cipher(secret: str, purpose: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=f"fvdash.{purpose}".encode()).derive(secret.encode()))


def encrypt(text: str, purpose: str) -> str:
    """ASCII text; the same `purpose` opens it again."""
    nonce = os.urandom(_NONCE)
    sealed = _cipher(settings.SECRET_KEY, purpose).encrypt(nonce, text.encode(), VERSION.encode())
    return VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()


def decrypt(sealed: str, purpose: str) -> str:
    """The reverse of `encrypt`; raises CannotDecrypt."""
    if not sealed.startswith(VERSION):
        raise CannotDecrypt("not written by this program")
    data = base64.urlsafe_b64decode(sealed.removeprefix(VERSION))
    secrets: list[str] = [settings.SECRET_KEY, *map(str, settings.SECRET_KEY_FALLBACKS)]
    for secret in secrets:
        try:
            return _cipher(secret, purpose).decrypt(data[:_NONCE], data[_NONCE:], VERSION.encode()).decode()
        except InvalidTag:
            continue
    raise CannotDecrypt("FVDASH_SECRET_KEY is not the one that this was written with")
