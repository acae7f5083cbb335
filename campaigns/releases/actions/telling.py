"""Who looks after releases is written to when one cannot go on without them."""

from __future__ import annotations

from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _

from campaigns.releases.models import Release, Train
from campaigns.releases.rules import mark
from crm.accounts.queries import staff_who_may
from crm.core import programme
from crm.core.db import session
from crm.core.guards import May
from crm.core.languages import LANGUAGES
from crm.core.tokens import whole_address
from crm.outbox.actions import put_wording, write_letter
from crm.outbox.queries.wordings import literal
from crm.outbox.rules import Lane

WORDING = "releases.no_build"


def _put(release: Release, train: Train, at: datetime) -> str:
    key = f"{WORDING}:{release.train_id}"
    for language in LANGUAGES:
        with force_locale(language):
            subject = _("%(train)s has no build and is on hold", train=literal(train.name))
            come = (
                _("The time of this day's release has come, and nobody can get its build any more.")
                if release.day
                else _(
                    "The time of this week's release has come, and it has no build that it could take. Nobody gets it."
                )
            )
            parts = [
                _("Hello {{ name }},"),
                come,
                _("Choose a build and let it go on: {{ link }}"),
            ]
            put_wording(key, language, subject, "\n\n".join(parts), at)
    return key


def tell_managers(release: Release, at: datetime) -> int:
    """One letter for each and for each time it stops; returns how many."""
    people = staff_who_may(May.RELEASES)
    if not people or programme.current() is None:
        return 0
    key = _put(release, session().get_one(Train, release.train_id), at)
    link = whole_address(f"/releases/{release.id}")
    occasion = f"{mark(release.id)}:held:{at:%Y%m%d%H%M%S}"
    written = [
        write_letter(person.id, occasion, key, {"link": link, "name": person.shown}, lane=Lane.NOTICE, at=at)
        for person in people
    ]
    return sum(letter is not None for letter in written)
