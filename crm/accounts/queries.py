"""Who is looking, who is a tester, who is staff, which agreement is the newest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, or_, select

from crm.accounts.models import (
    Agreement,
    AgreementText,
    ApiToken,
    Credential,
    RecoveryCode,
    SignInSession,
    StaffRole,
)
from crm.accounts.rules import SCOPE_NEEDS, Role, Scope, permissions
from crm.core.db import session
from crm.core.guards import May
from crm.core.journal import JournalEntry
from crm.core.tokens import digest
from crm.people.models import Person

# In the order in which they must be asked for: each pretends to be those after it.
BROWSERS = ("MicroMessenger", "Edg", "OPR", "Firefox", "HeadlessChrome", "Chrome", "Safari", "curl")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
TOKEN_PREFIX = "sbt_"  # noqa: S105 -- how a token begins, so that scanners of leaked secrets know it


@dataclass(frozen=True)
class Viewer:
    """As core.guards.Viewer asks for it. `scopes` is None for a browser, which has its owner's reach."""

    person_id: int
    name: str
    language: str | None
    roles: frozenset[Role]
    is_tester: bool
    as_staff: bool
    scopes: frozenset[str] | None = None
    session_id: int | None = None
    token_id: int | None = None
    seen_at: datetime | None = None

    @property
    def is_staff(self) -> bool:
        return bool(self.roles)

    def may(self, permission: May | str) -> bool:
        """A token opens only the doors of its scopes, never a page."""
        return self.scopes is None and permission in permissions(self.roles)

    def has_scope(self, scope: str) -> bool:
        if self.scopes is not None and scope not in self.scopes:
            return False
        needed = SCOPE_NEEDS.get(Scope(scope)) if scope in set(Scope) else None
        return self.is_tester or self.is_staff if needed is None else needed in permissions(self.roles)


def _running() -> Any:
    return and_(Agreement.person_id == Person.id, Agreement.ended_at.is_(None))


def _viewer_query(*columns: Any) -> Select[Any]:
    """One row per role (or one without): everything about the viewer in one question."""
    return (
        select(
            Person.id,
            Person.name,
            Person.language,
            StaffRole.role,
            Agreement.id.is_not(None),
            *columns,
        )
        .select_from(Person)
        .outerjoin(Credential, and_(Credential.person_id == Person.id, Credential.disabled_at.is_(None)))
        .outerjoin(StaffRole, StaffRole.person_id == Credential.person_id)
        .outerjoin(Agreement, _running())
        .where(Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))
    )


def viewer_of_session(secret: str, at: datetime) -> Viewer | None:
    query = _viewer_query(SignInSession.id, SignInSession.as_staff, SignInSession.seen_at).join(
        SignInSession, SignInSession.person_id == Person.id
    )
    rows = (
        session()
        .execute(
            query.where(
                SignInSession.digest == digest(secret),
                SignInSession.revoked_at.is_(None),
                SignInSession.expires_at > at,
            )
        )
        .all()
    )
    if not rows:
        return None
    person_id, name, language, _role, is_tester, session_id, as_staff, seen_at = rows[0]
    roles = frozenset(row[3] for row in rows if row[3] is not None) if as_staff else frozenset()
    return Viewer(
        person_id, name or f"#{person_id}", language, roles, is_tester, as_staff, session_id=session_id, seen_at=seen_at
    )


@cache
def _token_query() -> Select[Any]:
    """Made once: building it costs more than running it."""
    query = _viewer_query(ApiToken.id, ApiToken.scopes, ApiToken.used_at)
    query = query.join(ApiToken, ApiToken.person_id == Person.id)
    return query.where(ApiToken.digest == bindparam("digest"), ApiToken.revoked_at.is_(None))


def viewer_of_token(secret: str) -> Viewer | None:
    rows = session().connection().execute(_token_query(), {"digest": digest(secret)}).all()
    if not rows:
        return None
    person_id, name, language, _role, is_tester, token_id, scopes, used_at = rows[0]
    roles = frozenset(row[3] for row in rows if row[3] is not None)
    return Viewer(
        person_id,
        name or f"#{person_id}",
        language,
        roles,
        is_tester,
        bool(roles),
        scopes=frozenset(scopes),
        token_id=token_id,
        seen_at=used_at,
    )


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


def staff_people() -> list[Person]:
    """Everybody with credentials that work, by name."""
    query = (
        select(Person)
        .join(Credential, Credential.person_id == Person.id)
        .where(Credential.disabled_at.is_(None), Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))
        .order_by(Person.name, Person.id)
    )
    return list(session().scalars(query))


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


def credential_of(person_id: int) -> Credential | None:
    return session().get(Credential, person_id)


def credential_by_mail(mail: str) -> Credential | None:
    """Among those that work."""
    return session().scalar(select(Credential).where(Credential.mail == mail, Credential.disabled_at.is_(None)))


def credential_with(mail: str) -> Credential | None:
    """Also one that has ended."""
    return session().scalar(select(Credential).where(Credential.mail == mail))


def roles_of(person_id: int) -> frozenset[Role]:
    return frozenset(session().scalars(select(StaffRole.role).where(StaffRole.person_id == person_id)))


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


@dataclass(frozen=True)
class StaffMember:
    """`ended` is when the account stopped working."""

    id: int
    name: str
    mail: str
    roles: list[Role]
    has_password: bool
    has_second_step: bool
    seen_at: datetime | None
    ended_at: datetime | None


def staff_members() -> list[StaffMember]:
    """With those whose account has ended, last."""
    roles: dict[int, list[Role]] = {}
    for person_id, role in session().execute(select(StaffRole.person_id, StaffRole.role).order_by(StaffRole.role)):
        roles.setdefault(person_id, []).append(role)
    seen = (
        select(SignInSession.person_id, func.max(SignInSession.seen_at).label("seen_at"))
        .where(SignInSession.as_staff.is_(True))
        .group_by(SignInSession.person_id)
        .subquery()
    )
    rows = session().execute(
        select(Person, Credential, seen.c.seen_at)
        .join(Credential, Credential.person_id == Person.id)
        .outerjoin(seen, seen.c.person_id == Person.id)
        .where(Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))
        .order_by(Credential.disabled_at.is_not(None), Person.name, Person.id)
    )
    return [
        StaffMember(
            person.id,
            person.shown,
            credential.mail,
            roles.get(person.id, []),
            credential.password_hash is not None,
            credential.totp_secret is not None,
            seen_at,
            credential.disabled_at,
        )
        for person, credential, seen_at in rows
    ]


def browser_name(agent: str) -> str:
    """`Firefox, Windows` from what a browser says of itself; the beginning of that where it is a stranger."""
    names = [next((word for word in words if word in agent), "") for words in (BROWSERS, SYSTEMS)]
    return ", ".join(filter(None, names)) or agent[:40]


def open_sessions(person_id: int, at: datetime) -> list[SignInSession]:
    """The last seen first."""
    return list(
        session().scalars(
            select(SignInSession)
            .where(
                SignInSession.person_id == person_id,
                SignInSession.revoked_at.is_(None),
                SignInSession.expires_at > at,
            )
            .order_by(SignInSession.seen_at.desc(), SignInSession.id.desc())
        )
    )


def api_tokens_of(person_id: int) -> list[ApiToken]:
    """Those that work, newest first."""
    return list(
        session().scalars(
            select(ApiToken)
            .where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None))
            .order_by(ApiToken.id.desc())
        )
    )


def recovery_codes_left(person_id: int) -> int:
    left = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return session().scalar(left) or 0


def journal_query(actor_id: int | None, subject: str) -> Any:
    """`subject`: a table, or `table:id`."""
    query: Any = select(JournalEntry, JournalEntry.id)
    if actor_id is not None:
        query = query.where(JournalEntry.actor_id == actor_id)
    if ":" in subject:
        query = query.where(JournalEntry.subject == subject)
    elif subject:
        query = query.where(JournalEntry.subject.startswith(f"{subject}:", autoescape=True))
    return query


def journal_actors() -> list[tuple[int, str]]:
    """Everybody whom the journal names, by the last name they had."""
    rows = session().execute(
        select(JournalEntry.actor_id, func.max(JournalEntry.actor_name))
        .where(JournalEntry.actor_id.is_not(None))
        .group_by(JournalEntry.actor_id)
    )
    return sorted(((row[0], row[1]) for row in rows if row[0] is not None), key=lambda row: row[1])


def agreements_of(person_id: int) -> list[Agreement]:
    return list(
        session().scalars(select(Agreement).where(Agreement.person_id == person_id).order_by(Agreement.accepted_at))
    )


def staff_ids() -> Select[int]:
    """Those who may sign in."""
    return (
        select(Person.id)
        .join(Credential, Credential.person_id == Person.id)
        .where(Credential.disabled_at.is_(None), Person.merged_into_id.is_(None), Person.forgotten_at.is_(None))
    )


def staff_who_may(permission: May) -> list[Person]:
    """Staff with a role for it; admins only where there is nobody else."""
    roles = [role for role in Role if role is not Role.ADMIN and permission in permissions(frozenset({role}))]
    return _with(roles) or _with([Role.ADMIN])


def _with(roles: Sequence[Role]) -> list[Person]:
    holders = select(StaffRole.person_id).where(StaffRole.role.in_(roles))
    query = select(Person).where(Person.id.in_(staff_ids().subquery().select()), Person.id.in_(holders))
    return list(session().scalars(query.order_by(Person.id)))
