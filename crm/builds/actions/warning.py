"""Whoever looks after builds is written to before one ends with none to follow it."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

from flask_babel import force_locale, format_date, ngettext
from flask_babel import gettext as _

from crm.accounts.queries import staff_who_may
from crm.builds.models import Build
from crm.builds.rules import WARNED_BEFORE
from crm.core import programme
from crm.core.db import session
from crm.core.guards import May
from crm.core.languages import LANGUAGES
from crm.core.tokens import whole_address
from crm.outbox.actions import put_wording, write_letter
from crm.outbox.queries.wordings import literal
from crm.outbox.rules import Lane

DAY = timedelta(days=1)


def _put(build: Build, ends_at: datetime, days: int, at: datetime) -> str:
    key, zone = f"builds.ends:{build.id}:{days}", programme.required().tz
    for language in LANGUAGES:
        with force_locale(language):
            named = literal(f"{build.platform} {build.version}")
            day = format_date(ends_at.astimezone(zone))
            subject = ngettext("%(build)s ends in %(num)s day", "%(build)s ends in %(num)s days", days, build=named)
            parts = [
                _("Hello {{ name }},"),
                _(
                    "%(build)s ends on %(day)s, and no newer build follows it: from then on nobody is offered any.",
                    build=named,
                    day=day,
                ),
                _("Register the next build, or let this one run longer: {{ link }}"),
            ]
            put_wording(key, language, subject, "\n\n".join(parts), at)
    return key


def warn_of_end(build_id: int, at: datetime) -> int:
    """One letter for each of WARNED_BEFORE and each end; returns how many. Late, it is the next one only."""
    build = session().get_one(Build, build_id)
    if build.expires_at is None:
        return 0
    left = ceil((build.expires_at - at) / DAY)
    days = min(before for before in WARNED_BEFORE if left <= before)
    occasion = f"build:{build_id}:ends:{build.expires_at:%Y%m%d}:{days}"
    people = staff_who_may(May.BUILDS)
    key = _put(build, build.expires_at, left, at) if people else ""
    link = whole_address(f"/builds/{build_id}")
    written = [
        write_letter(person.id, occasion, key, {"link": link, "name": person.shown}, lane=Lane.NOTICE, at=at)
        for person in people
    ]
    return sum(letter is not None for letter in written)
