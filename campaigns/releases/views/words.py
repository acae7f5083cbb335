"""How releases are told: states of letters in words, a departure in every zone that matters to the reader."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from crm.core import programme
from crm.outbox.rules import LetterState

LETTER_WORDS = {
    LetterState.QUEUED: _l("letters waiting"),
    LetterState.SENDING: _l("letters leaving"),
    LetterState.SENT: _l("letters sent"),
    LetterState.REFUSED: _l("letters refused by the server"),
    LetterState.BOUNCED: _l("letters bounced"),
    LetterState.SUPPRESSED: _l("not written to"),
    LetterState.CANCELLED: _l("letters cancelled"),
    LetterState.EXPIRED: _l("letters expired"),
    LetterState.UNCERTAIN: _l("letters uncertain"),
}

PATTERNS = {"en": "EEEE d MMMM y, HH:mm", "zh": "y年M月d日 EEEE HH:mm"}


def departures(at: datetime, *zones: str | None) -> list[tuple[str, str]]:
    """(zone, local time in words), each zone once: the train's, the programme's, the reader's."""
    wanted = dict.fromkeys(zone for zone in (zones[0], programme.required().zone, *zones[1:]) if zone)
    language = get_locale()
    pattern = PATTERNS.get(language.language if language else "en", PATTERNS["en"])
    return [(zone, format_datetime(at, pattern, tzinfo=ZoneInfo(zone), locale=language)) for zone in wanted]
