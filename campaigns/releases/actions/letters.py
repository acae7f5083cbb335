"""What a release writes to its people: one letter each, with a link of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from campaigns.releases.models import Release, Train
from campaigns.releases.queries import page_token
from campaigns.releases.rules import Notify, mark
from crm.builds.models import Build
from crm.builds.queries import notes_in, notes_of
from crm.core import programme
from crm.core.bulk import among
from crm.core.db import session
from crm.core.tokens import whole_address
from crm.outbox.actions import NewLetter, plan_letters, put_wording
from crm.outbox.queries.wordings import in_language, literal, wordings_of
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


ALL = "all"
"""The wording that says it in all of the programme's languages, beside those in each."""


def in_all(texts: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """The letter that says it in every language, one below the other, under the first one's subject."""
    subjects, bodies = zip(*texts.values(), strict=True)
    return subjects[0], "\n\n".join(bodies)


def put_wordings(release: Release, at: datetime) -> dict[str, int]:
    """What this release writes, by language and in all of them: kept in the outbox from now on."""
    build = session().get_one(Build, release.build_id)
    train = session().get_one(Train, release.train_id)
    languages = programme.required().languages
    texts = letter_texts(build, train, languages)
    key = mark(release.id)
    found = {language: put_wording(key, language, subject, body, at=at) for language, (subject, body) in texts.items()}
    found[ALL] = put_wording(f"{key}:{ALL}", languages[0], *in_all(texts), at=at)
    return found


def wordings(release: Release, at: datetime) -> dict[str, int]:
    """Those that were put when it froze or began to open."""
    key = mark(release.id)
    found = wordings_of(key)
    both = wordings_of(f"{key}:{ALL}")
    return {**found, ALL: next(iter(both.values()))} if found and both else put_wordings(release, at)


def plan_release_letters(
    release: Release, person_ids: Sequence[int], at: datetime, notify: Notify = Notify.LETTER
) -> int:
    """One letter per person and release, however often it is called. Who has no mail address gets none."""
    if notify is Notify.NONE:
        return 0
    said = wordings(release, at)
    only = said[ALL] if notify is Notify.ALL_LANGUAGES else None
    return letters_to(release, person_ids, mark(release.id), {ALL: only} if only else said, "", at=at)


def letters_to(
    release: Release,
    person_ids: Sequence[int],
    occasion: str,
    said: Mapping[str, int],
    page: str,
    *,
    at: datetime,
    expires_at: datetime | None = None,
) -> int:
    """Plans a letter to each who has a mail address, on this occasion of a release, however often it is called.

    `said`: the wording by language. Its link is the person's own and leads to `page` ("/report") of their release.
    """
    languages = programme.required().languages
    mail = addresses(person_ids, "email")
    people = session().execute(select(Person.id, Person.name, Person.language).where(among(Person.id, list(mail))))
    letters = [
        NewLetter(
            person_id=person_id,
            occasion=occasion,
            channel=Channel.MAIL,
            lane=Lane.NOTICE,
            wording_id=in_language(said, language, languages),
            values={
                "name": name or f"#{person_id}",
                "link": whole_address(f"/r/{page_token(release.id, person_id)}{page}"),
            },
            identity_kind="email",
            identity_value=mail[person_id],
            expires_at=expires_at,
        )
        for person_id, name, language in people
    ]
    return plan_letters(letters, at=at)
