"""Builders: each makes one thing with sensible defaults, and the test names only what matters to it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from crm.accounts.models import Agreement, Credential, StaffRole
from crm.accounts.rules import Role
from crm.builds.models import Build, CheckIn
from crm.builds.rules import CheckInKind
from crm.core.db import session
from crm.core.programme import Programme
from crm.groups.models import Group
from crm.people.models import Identity, Person, Source

T0 = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_numbers = count(1)


def programme(**fields: Any) -> Programme:
    made = Programme(
        **{
            "id": 1,
            "name": "Orange",
            "zone": "Asia/Shanghai",
            "languages": ["zh", "en"],
            "postal_address": "1 Seed Street, Beijing",
            "mail_from": "seedbed@orange.example",
            "created_at": T0,
        }
        | fields
    )
    session().add(made)
    session().flush()
    return made


def person(name: str = "", *, identities: dict[str, str] | None = None, **fields: Any) -> Person:
    made = Person(**{"name": name or f"Person {next(_numbers)}", "collected_at": T0} | fields)
    session().add(made)
    session().flush()
    for kind, value in (identities or {}).items():
        session().add(Identity(kind=kind, value=value, person_id=made.id))
    session().flush()
    return made


def staff(name: str = "Lin", role: Role = Role.ADMIN, **fields: Any) -> Person:
    mail = f"{name.lower()}@orange.example"
    made = person(name, identities={"email": mail}, is_staff=True, **fields)
    session().add(Credential(person_id=made.id, mail=mail, created_at=T0))
    session().flush()
    session().add(StaffRole(person_id=made.id, role=role))
    session().flush()
    return made


def tester(name: str = "Ada", *, accepted_at: datetime = T0, **fields: Any) -> Person:
    made = person(name, identities={"email": f"{name.lower()}-{next(_numbers)}@testers.example"}, **fields)
    session().add(Agreement(person_id=made.id, version=1, accepted_at=accepted_at))
    session().flush()
    return made


def source(who: Person, **fields: Any) -> Source:
    made = Source(**{"person_id": who.id, "site": "gfan.com", "basis": "public profile", "found_at": T0} | fields)
    session().add(made)
    session().flush()
    return made


def group(**fields: Any) -> Group:
    made = Group(**{"kind": "qq", "name": f"Group {next(_numbers)}", "capacity": 2000, "created_at": T0} | fields)
    session().add(made)
    session().flush()
    return made


def build(**fields: Any) -> Build:
    made = Build(**{"platform": "android", "version": f"1.{next(_numbers)}", "registered_at": T0} | fields)
    session().add(made)
    session().flush()
    return made


def check_in(who: Person, at: datetime, **fields: Any) -> CheckIn:
    made = CheckIn(
        **{"person_id": who.id, "version": "1.0", "kind": CheckInKind.HEARTBEAT, "at": at, "received_at": at} | fields
    )
    session().add(made)
    session().flush()
    return made
