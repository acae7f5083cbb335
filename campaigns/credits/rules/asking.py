"""A consent round: what it leaves out and why, and when it reminds. Pure."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

REMIND_AFTER = timedelta(days=7)
"""From when the letter has left."""
LOOK_AGAIN = timedelta(days=1)
"""At a letter that has not left yet."""


class Asking(StrEnum):
    """The two letters of a round: the key of the wording and the occasion, so each person gets each once for ever."""

    ASK = "credits.consent"
    REMIND = "credits.consent_reminder"


class LeftOut(StrEnum):
    """Why a tester who has not answered is not asked; the first reason counts."""

    ASKED_BEFORE = "asked_before"
    DECLINED = "declined"
    NO_ADDRESS = "no_address"
