"""Who is a tester, and which agreement is the newest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, or_, select

from crm.accounts.models import (
    Agreement,
    AgreementText,
)
from crm.core.db import session
from crm.people.models import Person


def testers() -> Select[int]:
    """Who may receive builds: a running agreement, not merged away or forgotten, not staff."""
    return (
        select(Agreement.person_id)
        .join(Person, Person.id == Agreement.person_id)
        .where(
            Agreement.ended_at.is_(None),
            Person.merged_into_id.is_(None),
            Person.forgotten_at.is_(None),
            Person.is_staff.is_(False),
        )
    )


def running_agreements() -> Select[int]:
    """The same people as testers(), for walks over all of them: no person is looked up, so it joins none."""
    never = or_(Person.is_staff.is_(True), Person.merged_into_id.is_not(None), Person.forgotten_at.is_not(None))
    return select(Agreement.person_id).where(
        Agreement.ended_at.is_(None), Agreement.person_id.not_in(select(Person.id).where(never))
    )


def is_tester(person_id: int) -> bool:
    running = exists().where(Agreement.person_id == person_id, Agreement.ended_at.is_(None))
    return bool(session().scalar(select(running)))


def newest_version() -> int:
    """Of the tester agreement; 1 while none has been published."""
    return session().scalar(select(func.max(AgreementText.version))) or 1


def agreement_text(language: str, version: int | None = None) -> AgreementText | None:
    """In this language, else in any that the version has."""
    wanted = newest_version() if version is None else version
    texts = list(
        session().scalars(select(AgreementText).where(AgreementText.version == wanted).order_by(AgreementText.id))
    )
    return next((text for text in texts if text.language == language), texts[0] if texts else None)


def running_agreement(person_id: int) -> Agreement | None:
    return session().scalar(select(Agreement).where(Agreement.person_id == person_id, Agreement.ended_at.is_(None)))


def agreements_of(person_id: int) -> list[Agreement]:
    return list(
        session().scalars(select(Agreement).where(Agreement.person_id == person_id).order_by(Agreement.accepted_at))
    )


@dataclass(frozen=True)
class AgreementVersion:
    version: int
    published_at: datetime
    texts: dict[str, str]
    running: int


def agreement_versions() -> list[AgreementVersion]:
    """Newest first, with how many people have a running agreement of each."""
    counts = session().execute(
        select(Agreement.version, func.count()).where(Agreement.ended_at.is_(None)).group_by(Agreement.version)
    )
    running: dict[int, int] = {row[0]: row[1] for row in counts}
    texts: dict[int, list[AgreementText]] = {}
    for text in session().scalars(select(AgreementText).order_by(AgreementText.version.desc(), AgreementText.id)):
        texts.setdefault(text.version, []).append(text)
    return [
        AgreementVersion(number, rows[0].published_at, {row.language: row.body for row in rows}, running.get(number, 0))
        for number, rows in texts.items()
    ]
