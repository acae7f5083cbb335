"""Secrets that the program itself must be able to read again, such as a mailbox's password: sealed under SECRET_KEY."""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from flask import current_app


class SealBroken(Exception):
    """It was sealed under another SECRET_KEY, or not here: the secret has to be given anew."""


def _box(purpose: str) -> Fernet:
    key = f"{purpose}:{current_app.config['SECRET_KEY']}".encode()
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key).digest()))


def seal(purpose: str, secret: str) -> str:
    """What may be stored of it. One purpose cannot open what another has sealed."""
    return _box(purpose).encrypt(secret.encode()).decode("ascii")


def unseal(purpose: str, sealed: str) -> str:
    """Raises SealBroken."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise SealBroken from error
