"""A person, what we know of them, and where we found them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast
from zoneinfo import available_timezones

from flask_babel import gettext
from sqlalchemy import Table, delete
from sqlalchemy.exc import IntegrityError

from crm.core import journal
from crm.core.bulk import insert_or_pass
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.restand import restand
from crm.people.identities import CONTROL, normalise, tidy_kind
from crm.people.models import Identity, Origin, Person, Source
from crm.people.queries import ids_by_identities, person_or_404
from crm.people.rules import LONGEST_NAME, OriginKind, SiteRole

Identities = Mapping[str, str] | Iterable[tuple[str, str]]


class IdentityTaken(Refusal):
    """`person_id` has this identity already."""

    def __init__(self, kind: str, value: str, person_id: int) -> None:
        self.person_id = person_id
        super().__init__(
            gettext(
                "%(identity)s belongs to person %(id)s already: open their page, or merge the two.",
                identity=f"{kind}:{value}",
                id=person_id,
            )
        )


def tidy_name(name: str) -> str:
    """Raises NotUnderstood for a name that no list could show."""
    name = name.strip()
    if len(name) > LONGEST_NAME or CONTROL(name):
        raise NotUnderstood(gettext("A name has at most %(most)s characters, on one line.", most=LONGEST_NAME))
    return name


def _pairs(identities: Identities) -> list[tuple[str, str]]:
    given = identities.items() if isinstance(identities, Mapping) else identities
    return list(dict.fromkeys((tidy_kind(kind), normalise(kind, value)) for kind, value in given))


def add_person(
    name: str,
    identities: Identities,
    *,
    at: datetime,
    language: str | None = None,
    zone: str | None = None,
    owner_id: int | None = None,
    is_staff: bool = False,
) -> Person:
    """A new person. Raises NotUnderstood for an identity that cannot be read, IdentityTaken for one that is known."""
    pairs = _pairs(identities)
    for pair, person_id in ids_by_identities(pairs).items():
        raise IdentityTaken(*pair, person_id)
    person = Person(
        name=tidy_name(name),
        language=language,
        zone=zone,
        owner_id=owner_id,
        is_staff=is_staff,
        collected_at=at,
    )
    session().add(person)
    session().flush()
    for kind, value in pairs:
        _give(person.id, kind, value)
    restand([person.id], None)
    journal.record(
        "people.add",
        f"person:{person.id}",
        at=at,
        about_id=person.id,
        after={"name": person.name, "identities": [f"{kind}:{value}" for kind, value in pairs]},
    )
    return person


def _give(person_id: int, kind: str, value: str) -> None:
    """The key, not a look before, decides whether somebody else was faster."""
    try:
        with session().begin_nested():
            session().add(Identity(kind=kind, value=value, person_id=person_id))
            session().flush()
    except IntegrityError:
        owner = ids_by_identities([(kind, value)]).get((kind, value), 0)
        raise IdentityTaken(kind, value, owner) from None


def add_identity(person_id: int, kind: str, value: str, *, at: datetime) -> None:
    """Raises NotUnderstood, or IdentityTaken (also when the person has it already)."""
    person = person_or_404(person_id)
    kind, value = tidy_kind(kind), normalise(kind, value)
    for pair, owner in ids_by_identities([(kind, value)]).items():
        raise IdentityTaken(*pair, owner)
    _give(person.id, kind, value)
    journal.record(
        "people.add_identity",
        f"person:{person.id}",
        at=at,
        about_id=person.id,
        after={"identity": f"{kind}:{value}"},
    )


def remove_identity(person_id: int, kind: str, value: str, *, at: datetime) -> None:
    """Without effect when the person has no such identity."""
    gone = session().execute(
        delete(Identity)
        .where(Identity.person_id == person_id, Identity.kind == kind, Identity.value == value)
        .returning(Identity.kind)
    )
    if gone.first() is not None:
        journal.record(
            "people.remove_identity",
            f"person:{person_id}",
            at=at,
            about_id=person_id,
            before={"identity": f"{kind}:{value}"},
        )


def edit_person(
    person_id: int, *, name: str, language: str | None, zone: str | None, owner_id: int | None, at: datetime
) -> None:
    """Raises NotUnderstood for a zone that does not exist."""
    person = person_or_404(person_id)
    if zone and zone not in available_timezones():
        raise NotUnderstood(gettext("There is no time zone “%(zone)s”: write it like Asia/Shanghai.", zone=zone))
    new = {"name": tidy_name(name), "language": language or None, "zone": zone or None, "owner_id": owner_id}
    old = {key: getattr(person, key) for key in new}
    changed = [key for key in new if new[key] != old[key]]
    if not changed:
        return
    for key in changed:
        setattr(person, key, new[key])
    journal.record(
        "people.edit",
        f"person:{person.id}",
        at=at,
        about_id=person.id,
        before={key: old[key] for key in changed},
        after={key: new[key] for key in changed},
    )


def add_source(
    person_id: int,
    *,
    site: str,
    basis: str,
    at: datetime,
    board: str = "",
    role: SiteRole | None = None,
    found_by_id: int | None = None,
    recruiter_id: int | None = None,
    origin_id: int | None = None,
) -> Source:
    """Where a person was found, by whom, and on what basis we may write to them."""
    source = Source(
        person_id=person_id,
        site=site,
        board=board,
        role=role,
        basis=basis,
        found_at=at,
        found_by_id=found_by_id,
        recruiter_id=recruiter_id,
        origin_id=origin_id,
    )
    session().add(source)
    session().flush()
    restand([person_id], None)
    return source


def make_origin(kind: OriginKind, key: str, title: str) -> int:
    """The origin of this kind and key; the second time it is the same one, under its newest title."""
    insert_or_pass(_table(), [{"kind": kind, "key": key, "title": title}])
    origin = session().query(Origin).filter_by(kind=kind, key=key).one()
    origin.title = title
    return origin.id


def _table() -> Table:
    return cast(Table, Origin.__table__)
