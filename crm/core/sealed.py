"""Secrets that must be read again (keys to sign with, access tokens): stored only under a key made of SECRET_KEY."""

from __future__ import annotations

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app
from flask_babel import lazy_gettext

from crm.core.errors import Refusal


class SealBroken(Refusal):
    """It was sealed under another SECRET_KEY, or for another purpose."""


def _box(purpose: str) -> Fernet:
    stretched = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode())
    return Fernet(urlsafe_b64encode(stretched.derive(current_app.config["SECRET_KEY"].encode())))


def seal(purpose: str, secret: str) -> str:
    return _box(purpose).encrypt(secret.encode()).decode()


def unseal(purpose: str, sealed: str) -> str:
    """Raises SealBroken."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        told = lazy_gettext("This secret was stored under another SECRET_KEY and cannot be read: enter it anew.")
        raise SealBroken(told) from error
