"""How releases are told: states of letters in words, a departure in every zone that matters to the reader."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import format_decimal, get_locale, lazy_pgettext, pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaigns.releases.rules import Evidence, Gate, Lack, Notify, ReleaseState, WaveKind, runs_needed
from crm.core import programme
from crm.core.journal import JournalEntry
from crm.outbox.rules import LetterState

LETTER_WORDS = {
    LetterState.QUEUED: _l("Letters waiting"),
    LetterState.SENDING: _l("Letters leaving"),
    LetterState.SENT: _l("Letters sent"),
    LetterState.REFUSED: _l("Letters refused by the server"),
    LetterState.BOUNCED: _l("Letters bounced"),
    LetterState.SUPPRESSED: _l("Not written to"),
    LetterState.CANCELLED: _l("Letters cancelled"),
    LetterState.EXPIRED: _l("Letters expired"),
    LetterState.UNCERTAIN: _l("Letters uncertain"),
}

WAVE_WORDS = {
    WaveKind.STAFF: _l("staff"),
    WaveKind.CORE: _l("the core"),
    WaveKind.SHARE: _l("a share"),
    WaveKind.EVERYBODY: _l("everybody"),
}
NOTIFY_WORDS = {
    Notify.LETTER: _l("a letter in their language"),
    Notify.ALL_LANGUAGES: _l("a letter in all languages"),
    Notify.NONE: _l("no letter"),
}


def wave_name(kind: WaveKind, percent: int | None) -> str:
    return str(_("about %(percent)s %% of the rest", percent=percent) if percent else WAVE_WORDS[kind])


def gate_words(gate: Gate) -> str:
    """What is asked for before the next wave, in a sentence."""
    parts = []
    if gate.ran_percent is not None:
        parts.append(_("%(percent)s %% ran it within %(hours)s hours", percent=gate.ran_percent, hours=gate.hours))
    if gate.blockers is not None:
        parts.append(_("no blocker") if gate.blockers == 1 else _("fewer than %(limit)s blockers", limit=gate.blockers))
    if gate.crashes is not None:
        parts.append(_("no crash") if gate.crashes == 1 else _("fewer than %(limit)s crashes", limit=gate.crashes))
    told = _("Before each next wave: %(gate)s.", gate="; ".join(parts)) if parts else None
    return str(told or _("No gate: every wave follows at once."))


def lack_words(lack: Lack, gate: Gate, seen: Evidence) -> str:
    """One reason why a wave waits, with its figures."""
    if lack is Lack.RUNS:
        told = _(
            "%(ran)s of %(given)s people ran it within %(hours)s hours of getting it; it takes %(needed)s.",
            ran=format_decimal(seen.ran),
            given=format_decimal(seen.given),
            hours=gate.hours,
            needed=format_decimal(runs_needed(gate, seen.given)),
        )
    elif lack is Lack.BLOCKERS:
        count = format_decimal(seen.blockers)
        told = (
            _("Blockers reported on this build: %(count)s. It takes none.", count=count)
            if gate.blockers == 1
            else _(
                "Blockers reported on this build: %(count)s. It takes fewer than %(limit)s.",
                count=count,
                limit=gate.blockers,
            )
        )
    else:
        count = format_decimal(seen.crashes)
        told = (
            _("Crashes of this build: %(count)s. It takes none.", count=count)
            if gate.crashes == 1
            else _("Crashes of this build: %(count)s. It takes fewer than %(limit)s.", count=count, limit=gate.crashes)
        )
    return str(told)


MOVE_WORDS: dict[str, Any] = {
    ReleaseState.PLANNED: lazy_pgettext("step", "Planned again"),
    ReleaseState.FROZEN: lazy_pgettext("step", "Frozen"),
    ReleaseState.REHEARSED: lazy_pgettext("step", "Rehearsed"),
    ReleaseState.OPENING: _l("Began to open"),
    ReleaseState.OPEN: _l("Every wave has it"),
    ReleaseState.HELD: lazy_pgettext("step", "Put on hold"),
    ReleaseState.CLOSED: lazy_pgettext("step", "Closed"),
    ReleaseState.CANCELLED: lazy_pgettext("step", "Cancelled"),
    ReleaseState.ROLLED_BACK: lazy_pgettext("step", "Taken back"),
}


def step_words(step: JournalEntry) -> str:
    """One thing that was done with a release."""
    before, after = step.before or {}, step.after or {}
    if step.action == "overrule_gate":
        return str(_("Wave %(number)s let through", number=after.get("wave", "?")))
    if step.action == "let_release_go":
        return str(pgettext("step", "Let go"))
    to = str(after.get("state", ""))
    if before.get("state") == ReleaseState.HELD and to not in (ReleaseState.CANCELLED, ReleaseState.ROLLED_BACK):
        return str(pgettext("step", "Went on"))
    return str(MOVE_WORDS.get(to, to))


def step_by(step: JournalEntry) -> str:
    if step.actor_id is None:
        return str(_("by itself"))
    return step.actor_name or f"#{step.actor_id}"


PATTERNS = {"en": "EEEE d MMMM y, HH:mm", "zh": "y年M月d日 EEEE HH:mm"}


def departures(at: datetime, *zones: str | None) -> list[tuple[str, str]]:
    """(zone, local time in words), each zone once: the train's, the programme's, the reader's."""
    wanted = dict.fromkeys(zone for zone in (zones[0], programme.required().zone, *zones[1:]) if zone)
    language = get_locale()
    pattern = PATTERNS.get(language.language if language else "en", PATTERNS["en"])
    return [(zone, format_datetime(at, pattern, tzinfo=ZoneInfo(zone), locale=language)) for zone in wanted]
