"""What people are told about their seats: a warning, a loss, a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from babel.dates import format_date
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from crm.builds.rules.seats import SeatRule
from crm.core import programme
from crm.core.bulk import among
from crm.core.db import session
from crm.core.languages import LANGUAGES
from crm.core.tokens import whole_address
from crm.outbox.actions import NewLetter, plan_letters, put_wording
from crm.outbox.queries.wordings import in_language, literal
from crm.outbox.rules import Channel, Lane
from crm.people.models import Person
from crm.people.queries import addresses

Words = tuple[str, str, str]
"""Subject and two paragraphs, in the language that is spoken just now."""


def tell_warned(platform: str, people: Sequence[int], rule: SeatRule, at: datetime) -> None:
    """With the exact day and what to do."""
    last = (at + rule.grace).astimezone(programme.required().tz).date()

    def words(language: str) -> Words:
        day = format_date(last, "long", locale=language)
        silent = _("For %(weeks)s weeks your device has told us of no build.", weeks=rule.idle_weeks)
        do = _("Run the newest build once before %(day)s to keep your seat. Else the next in line gets it.", day=day)
        return _("Your seat for %(platform)s", platform=platform), silent, do

    _write(platform, "warned", people, words, at)


def tell_lost(platform: str, people: Sequence[int], at: datetime, why: str = "") -> None:
    """`why` in the words of staff; without it the seat was idle."""

    def words(_language: str) -> Words:
        silent = _("We wrote to you, and no build has run on your device since.")
        subject = _("Your seat for %(platform)s has gone to somebody else", platform=platform)
        reason = _("The reason: %(why)s", why=literal(why)) if why else silent
        return (
            subject,
            reason,
            _("What you have stays yours. To test again, ask for a seat on your page."),
        )

    _write(platform, "lost", people, words, at)


def tell_seated(platform: str, people: Sequence[int], at: datetime) -> None:
    def words(_language: str) -> Words:
        turn = _("A seat became free, and it was your turn.")
        then = _("Your build comes with the release that runs, or the next one.")
        return _("You have a seat for %(platform)s", platform=platform), turn, then

    _write(platform, "seated", people, words, at)


def _write(platform: str, what: str, people: Sequence[int], words: Callable[[str], Words], at: datetime) -> None:
    """One letter for each person and moment."""
    if not people:
        return
    mails = addresses(list(people), "email")
    wordings = {}
    for language in LANGUAGES:
        with force_locale(language):
            subject, *parts = words(language)
            body = "\n\n".join([_("Hello {{ name }},"), *parts, "{{ link }}"])
        wordings[language] = put_wording(f"builds.seat.{what}:{platform}", language, subject, body, at)
    languages = programme.required().languages
    letters = [
        NewLetter(
            person_id=person.id,
            occasion=f"seat:{platform}:{what}:{at:%Y%m%d%H%M%S}",
            channel=Channel.MAIL,
            lane=Lane.NOTICE,
            wording_id=in_language(wordings, person.language, languages),
            values={"name": person.shown, "link": whole_address("/portal")},
            identity_kind="email",
            identity_value=mails[person.id],
        )
        for person in session().scalars(select(Person).where(among(Person.id, list(mails))))
    ]
    plan_letters(letters, at)
