"""The tester agreement: its texts, who accepts it, who ends it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import cast

from flask_babel import lazy_gettext
from sqlalchemy import Table, func, select, update

from crm.accounts.models import Agreement, AgreementText
from crm.accounts.queries import newest_version
from crm.core import journal
from crm.core.bulk import chunks, insert_or_pass
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.restand import restand

CHUNK = 5000


class OtherVersion(Refusal):
    """Who accepts has not read the text that holds now; it is to be shown first."""


def publish_agreement(texts: dict[str, str], *, at: datetime) -> int:
    """A new version, `texts` by language. Returns its number. Who accepted an earlier one stays with that one."""
    written = {language: body.strip() for language, body in texts.items() if body.strip()}
    if not written:
        raise NotUnderstood(lazy_gettext("Write the agreement in at least one language."))
    version = (session().scalar(select(func.max(AgreementText.version))) or 0) + 1
    for language, body in written.items():
        session().add(AgreementText(version=version, language=language, body=body, published_at=at))
    session().flush()
    journal.record("accounts.publish_agreement", f"agreement_text:{version}", at=at, after=dict(written))
    return version


def accept_agreement(
    person_ids: Iterable[int], *, at: datetime, origin_id: int | None = None, shown: int | None = None
) -> int:
    """Who has a running agreement is passed over. Returns how many were new.

    `shown`: the version that was read on a page; raises OtherVersion when it is not the newest any more.
    """
    version = newest_version()
    if shown is not None and shown != version:
        raise OtherVersion(lazy_gettext("The agreement has changed since: read the text that holds now."))
    new = 0
    for chunk in chunks(sorted(set(person_ids)), CHUNK):
        running = select(Agreement.person_id).where(Agreement.person_id.in_(chunk), Agreement.ended_at.is_(None))
        known = set(session().scalars(running))
        joining = [person_id for person_id in chunk if person_id not in known]
        rows = [
            {"person_id": person_id, "version": version, "accepted_at": at, "origin_id": origin_id}
            for person_id in joining
        ]
        new += insert_or_pass(cast(Table, Agreement.__table__), rows)
        restand(joining, at)
    return new


def end_agreement(person_id: int, *, at: datetime, reason: str) -> bool:
    """Leaving the programme. Whether there was an agreement to end; coming back is a new one."""
    ended = session().execute(
        update(Agreement)
        .where(Agreement.person_id == person_id, Agreement.ended_at.is_(None))
        .values(ended_at=at, end_reason=reason)
        .returning(Agreement.id)
    )
    if ended.first() is None:
        return False
    restand([person_id], at)
    return True
