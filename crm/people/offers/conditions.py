"""By what people are found and filtered: this room's part of the filter."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext
from sqlalchemy import CTE, ColumnElement, and_, func, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, aliased

from crm.core.db import is_postgres, session
from crm.core.errors import NotUnderstood
from crm.core.languages import LANGUAGES
from crm.core.offers import Condition, Rows
from crm.people.identities import TIDY, home_region, parse
from crm.people.models import Identity, ImportedPerson, PeopleImport, Person, PersonTag, Source, Tag
from crm.people.queries import listed
from crm.people.rules import SiteRole

NOBODY = "none"
MOST_CHOICES = 500
ROLES = {
    SiteRole.MEMBER: lazy_gettext("member"),
    SiteRole.EXPERT: lazy_gettext("expert"),
    SiteRole.MODERATOR: lazy_gettext("moderator"),
}


def _spellings(text: str) -> list[tuple[str, str]]:
    """Every identity that this text may be the whole of."""
    region = home_region()
    found = [(kind, value) for kind, tidy in TIDY.items() if (value := tidy(text, region))]
    if ":" in text:
        try:
            found.append(parse(text, region))
        except NotUnderstood:
            return found
    return found


def _search(value: str, _at: datetime) -> ColumnElement[bool]:
    """A part of the name or of an identity, however an identity is written."""
    value = value.strip()
    exact = [and_(Identity.kind == kind, Identity.value == tidied) for kind, tidied in _spellings(value)]
    owners = select(Identity.person_id).where(or_(Identity.value.contains(value.casefold(), autoescape=True), *exact))
    # A set of its own, read from the index on names: 20 times faster than asking each person.
    named = aliased(Person)
    # Han has no case, and SQLite's LIKE minds none: only letters on PostgreSQL need the dearer comparison.
    cased = is_postgres() and value.lower() != value.upper()
    like = named.name.icontains if cased else named.name.contains
    called = select(named.id).where(like(value, autoescape=True))
    # Found once, before anybody is put in order: PostgreSQL may otherwise search anew for each person of the list.
    found = union_all(called, owners).cte().prefix_with("MATERIALIZED", dialect="postgresql")
    return Person.id.in_(select(found.c.id))


def _source(column: InstrumentedAttribute[Any], value: Any) -> Rows:
    return Rows(Source.person_id, column == value)


def _role(value: str, _at: datetime) -> Rows:
    if value not in ROLES:
        raise NotUnderstood(gettext("“%(value)s” is no role: choose member, expert or moderator.", value=value))
    return _source(Source.role, SiteRole(value))


def _tag(value: str, _at: datetime) -> Rows:
    return Rows(PersonTag.person_id, PersonTag.tag_id == select(Tag.id).where(Tag.name == value).scalar_subquery())


def whole_number(value: str) -> int:
    """Raises NotUnderstood."""
    if not value.isdecimal() or len(value) > 15:
        raise NotUnderstood(gettext("“%(value)s” is no number.", value=value))
    return int(value)


def _owner(value: str, _at: datetime) -> ColumnElement[bool]:
    if value == NOBODY:
        return Person.owner_id.is_(None)
    return Person.owner_id == whole_number(value)


def _language(value: str, _at: datetime) -> ColumnElement[bool]:
    return Person.language.is_(None) if value == NOBODY else Person.language == value


def _import(value: str, _at: datetime) -> Rows:
    return Rows(ImportedPerson.person_id, ImportedPerson.import_id == whole_number(value))


def _each(column: InstrumentedAttribute[str]) -> CTE:
    """The different values of a column that an index begins with: read from one to the next, however many rows."""
    found = select(func.min(column).label("value")).cte(recursive=True)
    following = select(func.min(column)).where(column > found.c.value).scalar_subquery()
    return found.union_all(select(following).where(found.c.value.is_not(None)))


def _basis(value: str, _at: datetime) -> Rows:
    """Few bases are written for many people: which of them are meant is asked once, not of each row."""
    each, meant = _each(Source.basis), Source.basis.icontains(value, autoescape=True)
    query = select(each.c.value, each.c.value.icontains(value, autoescape=True)).where(each.c.value.is_not(None))
    found = session().execute(query.limit(MOST_CHOICES + 1)).all()
    chosen = [basis for basis, is_meant in found if is_meant]
    if len(found) <= MOST_CHOICES:
        meant = Source.basis == chosen[0] if len(chosen) == 1 else Source.basis.in_(chosen)
    return Rows(Source.person_id, meant)


def _distinct(column: InstrumentedAttribute[str]) -> list[tuple[str, str]]:
    found = session().scalars(select(column).where(column != "").distinct().order_by(column).limit(MOST_CHOICES))
    return [(value, value) for value in found]


def sites() -> list[tuple[str, str]]:
    each = _each(Source.site)
    found = session().scalars(select(each.c.value).where(each.c.value != "").limit(MOST_CHOICES))
    return [(value, value) for value in found]


def boards() -> list[tuple[str, str]]:
    return _distinct(Source.board)


def roles() -> list[tuple[str, str]]:
    return [(role.value, str(label)) for role, label in ROLES.items()]


def tags() -> list[tuple[str, str]]:
    return [(name, name) for name in session().scalars(select(Tag.name).order_by(Tag.name).limit(MOST_CHOICES))]


def staff() -> list[tuple[str, str]]:
    people = session().execute(select(Person.id, Person.name).where(listed(), Person.is_staff).order_by(Person.name))
    return [(str(row[0]), row[1]) for row in people]


def owners() -> list[tuple[str, str]]:
    return [(NOBODY, gettext("nobody")), *staff()]


def languages() -> list[tuple[str, str]]:
    return [*LANGUAGES.items(), (NOBODY, gettext("not known"))]


def imports() -> list[tuple[str, str]]:
    rows = session().execute(
        select(PeopleImport.id, PeopleImport.file_name).order_by(PeopleImport.id.desc()).limit(MOST_CHOICES)
    )
    return [(str(row[0]), f"{row[1]} (#{row[0]})") for row in rows]


CONDITIONS = (
    Condition("q", lazy_gettext("Name or identity"), "text", _search),
    Condition("site", lazy_gettext("Source"), "choice", lambda value, _at: _source(Source.site, value), sites),
    Condition("board", lazy_gettext("Board"), "choice", lambda value, _at: _source(Source.board, value), boards),
    Condition("role", lazy_gettext("Role there"), "choice", _role, roles),
    Condition("tag", lazy_gettext("Tag"), "choice", _tag, tags),
    Condition("owner", lazy_gettext("Owner"), "choice", _owner, owners),
    Condition("language", lazy_gettext("Language"), "choice", _language, languages),
    Condition("import", lazy_gettext("Import"), "choice", _import, imports),
    Condition("basis", lazy_gettext("Basis of contact"), "text", _basis),
)
