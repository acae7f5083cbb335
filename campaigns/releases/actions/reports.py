"""A tester reports on the week's release; who ran it and is silent is reminded once."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Table, select, update

from campaigns.releases.actions.letters import letters_to
from campaigns.releases.models import ReportReminder, WeeklyReport
from campaigns.releases.queries import release_or_404
from campaigns.releases.queries.reports import ends_at, silent
from campaigns.releases.rules.reports import LONGEST_LINE, MARKS, occasion
from crm.builds.actions import NewCheckIn, record_check_ins
from crm.builds.models import Build
from crm.builds.rules import CheckInKind
from crm.core import programme
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.outbox.actions import put_wording
from crm.outbox.queries.wordings import literal

REPORT = cast(Table, WeeklyReport.__table__)
REMINDER = cast(Table, ReportReminder.__table__)
WORDING = "report"


class ReportClosed(MoveRefused):
    """The weekly report takes no more answers."""


def write_report(
    release_id: int, person_id: int, *, mark: int, works: str, broken: str, wanted: str, at: datetime
) -> WeeklyReport:
    """The person's report on a release; as long as it is open, a later one takes its place. It is a check-in as well.

    Raises ReportClosed, and NotUnderstood for a mark or line that cannot be one.
    """
    release = release_or_404(release_id)
    end = ends_at(release)
    if release.day:
        raise ReportClosed(_("A train that leaves every day asks for no weekly report."))
    if end is None or at >= end or release.build_id is None:
        raise ReportClosed(_("This week's report is closed: the next release brings the next one."))
    said = {"works": works.strip(), "broken": broken.strip(), "wanted": wanted.strip()}
    if mark not in MARKS:
        raise NotUnderstood(_("Choose a mark from 1 to 5."))
    if any(len(line) > LONGEST_LINE or not line.isprintable() for line in said.values()):
        raise NotUnderstood(_("Say each in one line of at most %(most)s characters.", most=LONGEST_LINE))
    row = {"release_id": release_id, "person_id": person_id, "mark": mark, "written_at": at, "changed_at": at, **said}
    if not insert_or_pass(REPORT, [row]):
        mine = update(WeeklyReport).where(WeeklyReport.release_id == release_id, WeeklyReport.person_id == person_id)
        session().execute(mine.values(mark=mark, changed_at=at, **said))
    version = session().scalars(select(Build.version).where(Build.id == release.build_id)).one()
    sign = NewCheckIn(person_id, version, CheckInKind.REPORT, at, f"weekly report {release_id}", release.build_id)
    record_check_ins([sign], received_at=at)
    found = select(WeeklyReport).where(WeeklyReport.release_id == release_id, WeeklyReport.person_id == person_id)
    return session().scalars(found.execution_options(populate_existing=True)).one()


def _wordings(build: Build, at: datetime) -> dict[str, int]:
    found = {}
    for language in programme.required().languages:
        with force_locale(language):
            version = literal(build.version)
            subject = _("How is %(version)s?", version=version)
            parts = [
                _("Hello {{ name }},"),
                _("You ran %(version)s. What works, what is broken, what comes next?", version=version),
                "{{ link }}",
                _("It is open until Tuesday night, and we do not remind you again."),
            ]
        found[language] = put_wording(f"{WORDING}:{build.id}", language, subject, "\n\n".join(parts), at=at)
    return found


def remind(release_id: int, at: datetime) -> int:
    """One letter to each tester who ran the release's build and has not answered; returns how many. Once a release,
    and not while its build is on hold.
    """
    release = release_or_404(release_id)
    build = session().get(Build, release.build_id) if release.build_id is not None else None
    if build is None or build.held_at is not None or build.withdrawn_at is not None:
        return 0
    if not insert_or_pass(REMINDER, [{"release_id": release_id, "reminded_at": at}]):
        return 0
    said = _wordings(build, at)
    return letters_to(
        release, silent(release), occasion(release.id), said, "/report", at=at, expires_at=ends_at(release)
    )
