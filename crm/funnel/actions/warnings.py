"""Nobody is moved down silently: whoever falls below the rule of their stage is written to, once for each warning.

What the letters say stands in templates/funnel/letters/, a file for each language, the subject in its first line.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from babel.dates import format_date
from sqlalchemy import select

from crm.core import programme, weeks
from crm.core.languages import LANGUAGES
from crm.core.tokens import whole_address
from crm.funnel.actions.writing import Settled, is_reconstructed
from crm.funnel.queries.among import among, rows
from crm.funnel.rules import Stage
from crm.funnel.rules.sets import Ground
from crm.outbox.actions import NewLetter, plan_letters, put_wording
from crm.outbox.queries.wordings import in_language
from crm.outbox.rules import Channel, Lane
from crm.people.models import Person
from crm.people.queries import addresses

TEXTS = Path(__file__).resolve().parents[1] / "templates" / "funnel" / "letters"
Occasion = tuple[Stage, datetime]


def warn(settled: Sequence[Settled], over: Ground, *, recorded_at: datetime) -> int:
    """Writes to those whose warning is new; returns how many letters. A warning of long ago is history: no letter."""
    new: dict[int, Occasion] = {
        one.known.person_id: (one.path.stage, one.path.warned_at)
        for one in settled
        if one.path.warned_at is not None
        and not is_reconstructed(one.path.warned_at, recorded_at)
        and (one.known.standing is None or one.known.standing.warned_at != one.path.warned_at)
    }
    if not new:
        return 0
    wordings = {occasion: _wordings(*occasion, over, recorded_at) for occasion in set(new.values())}
    mails = addresses(list(new), "email")
    languages = programme.required().languages
    called = programme.required().name
    people = rows(select(Person.id, Person.name, Person.language).where(among(Person.id, list(mails))))
    letters = [
        NewLetter(
            person_id=person_id,
            occasion=_occasion(*new[person_id], over),
            channel=Channel.MAIL,
            lane=Lane.NOTICE,
            wording_id=in_language(wordings[new[person_id]], language, languages),
            values={"name": name, "programme": called, "link": whole_address("/")},
            identity_kind="email",
            identity_value=mails[person_id],
            expires_at=new[person_id][1] + timedelta(weeks=over.latest.g),
        )
        for person_id, name, language in people
    ]
    return plan_letters(letters, recorded_at)


def _occasion(stage: Stage, warned_at: datetime, over: Ground) -> str:
    return f"funnel.warning:{stage}:{weeks.iso_name(weeks.week_of(warned_at, over.counted.zone))}"


def _wordings(stage: Stage, warned_at: datetime, over: Ground, at: datetime) -> dict[str, int]:
    """The rule's figures and the last day are the same for all who are warned at once, so they stand in the wording."""
    rules = over.latest
    needed, of = (rules.a, rules.b) if stage is Stage.ACTIVE else (rules.k, rules.n)
    last_day = (warned_at + timedelta(weeks=rules.g)).astimezone(over.counted.zone).date()
    found = {}
    for language in LANGUAGES:
        until = format_date(last_day, "long", locale=language)
        text = text_of(stage, language).replace("NEEDED", str(needed)).replace("OF", str(of)).replace("UNTIL", until)
        subject, _blank, body = text.split("\n", 2)
        found[language] = put_wording(f"funnel.warning.{stage}", language, subject, body, at)
    return found


@lru_cache(maxsize=16)
def text_of(stage: Stage, language: str) -> str:
    return (TEXTS / f"warning_{stage}.{language}.txt").read_text("utf-8")
