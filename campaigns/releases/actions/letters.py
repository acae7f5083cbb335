"""What a release writes to its people: one letter each, with a link of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns.releases.models import Release, Train
from campaigns.releases.queries import page_token
from campaigns.releases.rules import mark
from crm.builds.models import Build
from crm.builds.queries import notes_in, notes_of
from crm.core import programme
from crm.core.db import session
from crm.core.tokens import whole_address
from crm.outbox.actions import NewLetter, plan_letters, put_wording
from crm.outbox.queries.wordings import literal
from crm.outbox.rules import Channel, Lane
from crm.people.models import Person
from crm.people.queries import addresses


def letter_texts(build: Build, train: Train, languages: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Subject and body in each language of the programme."""
    notes = notes_of(build.id)
    texts = {}
    for language in languages:
        with force_locale(language):
            about = {"train": literal(train.name), "version": literal(build.version)}
            subject = _("%(train)s: %(version)s is here", **about)
            out = _("%(version)s is out. This link to it is yours alone:", **about)
            parts = [_("Hello {{ name }},"), out, "{{ link }}"]
            if notes:
                parts += [_("What is new:"), literal(notes_in(notes, language, languages))]
            parts.append(_("The page also tells how to go on with a download that broke off."))
            texts[language] = (subject, "\n\n".join(parts))
    return texts


def _wordings(release: Release, at: datetime) -> dict[str, int]:
    build = session().get_one(Build, release.build_id)
    train = session().get_one(Train, release.train_id)
    languages = programme.required().languages
    return {
        language: put_wording(mark(release.id), language, subject, body, at=at)
        for language, (subject, body) in letter_texts(build, train, languages).items()
    }


def plan_release_letters(release: Release, person_ids: Sequence[int], at: datetime) -> int:
    """One letter per person and release, however often it is called. Who has no mail address gets none."""
    wordings = _wordings(release, at)
    first = next(iter(wordings))
    mail = addresses(person_ids, "email")
    people = session().execute(select(Person.id, Person.name, Person.language).where(Person.id.in_(list(mail))))
    letters = [
        NewLetter(
            person_id=person_id,
            occasion=mark(release.id),
            channel=Channel.MAIL,
            lane=Lane.NOTICE,
            wording_id=wordings.get(language or first, wordings[first]),
            values={
                "name": name or f"#{person_id}",
                "link": whole_address(f"/r/{page_token(release.id, person_id)}"),
            },
            identity_kind="email",
            identity_value=mail[person_id],
        )
        for person_id, name, language in people
    ]
    return plan_letters(letters, at=at)
