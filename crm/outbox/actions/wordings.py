"""Wordings: what letters say, kept in versions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from crm.core.db import session
from crm.outbox.models import Wording
from crm.outbox.queries.wordings import check_text


def put_wording(key: str, language: str, subject: str, body: str, at: datetime) -> int:
    """The wording's number. The same text again is the same wording, another text is its next version.

    Raises NotUnderstood when the text has a placeholder that no letter fills.
    """
    newest = (
        session()
        .execute(
            select(Wording.id, Wording.subject, Wording.body, Wording.version)
            .where(Wording.key == key, Wording.language == language)
            .order_by(Wording.version.desc())
            .limit(1)
        )
        .first()
    )
    if newest is not None and (newest.subject, newest.body) == (subject, body):
        return int(newest.id)
    check_text(subject)
    check_text(body)
    version = newest.version + 1 if newest is not None else 1
    made = Wording(key=key, language=language, version=version, subject=subject, body=body, created_at=at)
    session().add(made)
    session().flush()
    return made.id
