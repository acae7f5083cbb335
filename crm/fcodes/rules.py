"""How an F-code is written and checked, and the states it can be in. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

# 31 signs, a prime number of them: none of I, L, O, U, Z, which are read as 1, 1, 0, V, 2.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXY"
READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V", "Z": "2"})
VALUE = {sign: value for value, sign in enumerate(ALPHABET)}
LENGTH = 10
GROUP = 5
LEFT_OUT = " -\u2010\u2011\u2012\u2013\u2014\u2212_.\t"
MOST_AT_ONCE = 100
LAST_YEAR = 2099
USUAL_LIFE = timedelta(days=30)


class CodeState(StrEnum):
    READY = "ready"
    REDEEMED = "redeemed"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Mistyped(ValueError):
    """`why` is "length" or "sign" or "check"; `sign` names the first sign that is in no code."""

    def __init__(self, why: str, sign: str = "") -> None:
        super().__init__(why)
        self.why, self.sign = why, sign


def _sum(values: list[int]) -> int:
    """Each place has a weight of its own, and 31 is prime: one wrong sign, or two that changed places, never pass."""
    return sum(weight * value for weight, value in enumerate(values, start=1)) % len(ALPHABET)


def check_sign(body: str) -> str:
    """The tenth sign, which brings the weighted sum of all ten to nothing."""
    missing = -_sum([VALUE[sign] for sign in body]) % len(ALPHABET)
    return ALPHABET[missing * pow(LENGTH, -1, len(ALPHABET)) % len(ALPHABET)]


def with_check(body: str) -> str:
    return body + check_sign(body)


def read_code(text: str) -> str:
    """The code as it is stored, however it was typed: small letters, hyphens, spaces, O for 0. Raises Mistyped."""
    signs = "".join(sign for sign in text.upper() if sign not in LEFT_OUT).translate(READ_AS)
    for sign in signs:
        if sign not in VALUE:
            raise Mistyped("sign", sign)
    if len(signs) != LENGTH:
        raise Mistyped("length")
    if _sum([VALUE[sign] for sign in signs]) != 0:
        raise Mistyped("check")
    return signs


def grouped(code: str) -> str:
    """As people read it: 7KQ2M-9XW4T."""
    return f"{code[:GROUP]}-{code[GROUP:]}"


def state_of(
    expires_at: datetime, redeemed_at: datetime | None, revoked_at: datetime | None, now: datetime
) -> CodeState:
    if redeemed_at is not None:
        return CodeState.REDEEMED
    if revoked_at is not None:
        return CodeState.REVOKED
    return CodeState.EXPIRED if expires_at <= now else CodeState.READY
