"""The programme itself: made once, at the first visit or by a command; changed in Settings."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask_babel import lazy_gettext
from sqlalchemy.exc import IntegrityError

from crm.accounts.actions.agreements import publish_agreement
from crm.accounts.actions.letters import text_of
from crm.accounts.actions.staff import add_staff
from crm.accounts.rules import Role
from crm.core import journal
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.languages import LANGUAGES
from crm.core.programme import Programme, SignUp, current, required
from crm.core.tokens import keyed_hash
from crm.core.wake import wake_all_after_commit
from crm.people.identities import normalise

MARK = "the key by which this programme's suppression list was made"


class ProgrammeThere(Refusal):
    """A programme is made once."""


class OtherKey(Refusal):
    """SUPPRESSION_KEY is not the one of the suppression list: people who refused would be written to again."""

    status = 503


@dataclass(frozen=True)
class ProgrammeChange:
    """What Settings may change."""

    name: str
    zone: str
    languages: list[str]
    postal_address: str
    mail_from: str
    sign_up: SignUp


def known_languages(languages: Sequence[str]) -> list[str]:
    """In their order, each once. Raises NotUnderstood."""
    chosen = list(dict.fromkeys(code.strip() for code in languages if code.strip()))
    if not chosen or set(chosen) - set(LANGUAGES):
        codes = ", ".join(LANGUAGES)
        raise NotUnderstood(lazy_gettext("Choose at least one of these languages: %(codes)s.", codes=codes))
    return chosen


def known_name(name: str) -> str:
    if not name.strip():
        raise NotUnderstood(lazy_gettext("Give the programme a name."))
    return name.strip()


def known_zone(zone: str) -> str:
    try:
        return ZoneInfo(zone.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise NotUnderstood(
            lazy_gettext("Choose a time zone from the list, such as Asia/Shanghai or Europe/Berlin.")
        ) from error


def _there() -> ProgrammeThere:
    return ProgrammeThere(lazy_gettext("This installation has its programme already: sign in."))


def create_programme(
    name: str,
    zone: str,
    languages: Sequence[str],
    admin_name: str,
    admin_mail: str,
    *,
    at: datetime,
    password: str | None = None,
    postal_address: str = "",
) -> Programme:
    """Of two who come at once one is first. Raises ProgrammeThere, NotUnderstood."""
    if current() is not None:
        raise _there()
    mail = normalise("email", admin_mail)
    made = Programme(
        id=1,
        name=known_name(name),
        zone=known_zone(zone),
        languages=known_languages(languages),
        postal_address=postal_address.strip(),
        mail_from=mail,
        suppression_key_mark=keyed_hash(MARK),
        created_at=at,
    )
    session().add(made)
    try:
        session().flush()
    except IntegrityError as error:
        session().rollback()
        raise _there() from error
    journal.record("accounts.create_programme", "programme:1", at=at, after={"name": made.name, "zone": made.zone})
    add_staff(admin_name.strip() or mail.partition("@")[0], mail, [Role.ADMIN], at=at, password=password)
    publish_agreement({code: text_of("agreement", code) for code in made.languages}, at=at)
    return made


def check_key() -> None:
    """Raises OtherKey when SUPPRESSION_KEY is not the one this programme was made with; no programme, no complaint."""
    found = current()
    if found is None or not found.suppression_key_mark:
        return
    if not hmac.compare_digest(found.suppression_key_mark, keyed_hash(MARK)):
        raise OtherKey(
            "SUPPRESSION_KEY: set it to the key this programme was made with (it is part of every backup); "
            "with another one, people who asked to be left alone would be written to again"
        )


def _seen(made: Programme) -> ProgrammeChange:
    return ProgrammeChange(
        made.name, made.zone, list(made.languages), made.postal_address, made.mail_from, made.sign_up
    )


def change_programme(change: ProgrammeChange, *, at: datetime) -> None:
    """Raises NotUnderstood. Only what differs goes into the journal."""
    made = required()
    before, after = asdict(_seen(made)), asdict(change)
    after |= {"zone": known_zone(change.zone), "languages": known_languages(change.languages)}
    if change.mail_from:
        after["mail_from"] = normalise("email", change.mail_from)
    changed = [key for key in after if after[key] != before[key]]
    for key in changed:
        setattr(made, key, after[key])
    if changed:
        journal.record(
            "accounts.change_programme",
            "programme:1",
            at=at,
            before={key: before[key] for key in changed},
            after={key: after[key] for key in changed},
        )
    session().flush()


def let_time_go_on(*, at: datetime) -> bool:
    """Releases a held programme, and wakes all that stood still. Whether it was held."""
    made = required()
    if made.held_at is None:
        return False
    before = {"held_at": made.held_at.isoformat()}
    journal.record("accounts.let_time_go_on", "programme:1", at=at, before=before, after={"held_at": None})
    made.held_at = None
    session().flush()
    wake_all_after_commit()
    return True
