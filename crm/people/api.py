"""People for other programs: read, by page."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Boolean, Dict, Integer, List, Nested, String
from apiflask.validators import Length, Range
from flask import request
from sqlalchemy import select

from crm.core import programme
from crm.core.db import session
from crm.core.guards import scope
from crm.core.offers import conditions
from crm.core.paging import SortKey, page
from crm.people.models import Identity, Person, PersonTag, Tag
from crm.people.queries import clauses, listed, suppressed

bp = APIBlueprint("people_api", __name__, url_prefix="/api/v1", tag="people")
BLUEPRINTS = (bp,)
MOST = 500


class PageSchema(Schema):
    after = String(validate=Length(max=500), metadata={"description": "`next` of the page before."})
    limit = Integer(load_default=100, validate=Range(1, MOST))


class PersonSchema(Schema):
    id = Integer(required=True)
    name = String(required=True)
    identities = List(String(), required=True, metadata={"description": "Each written kind:value."})
    tags = List(String(), required=True)
    language = String(required=True, allow_none=True)
    zone = String(required=True, allow_none=True)
    owner_id = Integer(required=True, allow_none=True)
    collected_at = AwareDateTime(required=True)
    may_be_written_to = Boolean(required=True, metadata={"description": "False: on the suppression list."})


class PeopleSchema(Schema):
    people = List(Nested(PersonSchema), required=True)
    next = String(required=True, allow_none=True)
    filter = Dict(keys=String(), values=String(), metadata={"description": "The conditions that were understood."})


@bp.get("/people")
@scope("people:read")
@bp.input(PageSchema, location="query")
@bp.output(PeopleSchema)
@bp.doc(
    summary="People, by page",
    description="Every condition of the people list may be given as a parameter, such as `tag`, `site`, `stage`, `q`.",
)
def people(query_data: dict[str, Any]) -> dict[str, Any]:
    known = conditions()
    wanted = {key: value for key, value in request.args.items() if key in known}
    query = select(Person, Person.id).where(listed(), *clauses(wanted, programme.moment()))
    found = page(query, [SortKey(Person.id)], after=query_data.get("after"), before=None, size=query_data["limit"])
    return {"people": told([row.Person for row in found.rows]), "next": found.after, "filter": wanted}


def told(people: list[Person]) -> list[dict[str, Any]]:
    """What the API says of people; three reads, however many they are."""
    ids = [person.id for person in people]
    identities: dict[int, list[str]] = {number: [] for number in ids}
    order = select(Identity).where(Identity.person_id.in_(ids)).order_by(Identity.kind, Identity.value)
    for one in session().scalars(order):
        identities[one.person_id].append(one.written)
    tags: dict[int, list[str]] = {number: [] for number in ids}
    worn = select(PersonTag.person_id, Tag.name).join(Tag, Tag.id == PersonTag.tag_id).order_by(Tag.name)
    for number, name in session().execute(worn.where(PersonTag.person_id.in_(ids))):
        tags[number].append(name)
    stopped = suppressed(ids, None)
    return [
        {
            "id": person.id,
            "name": person.name,
            "identities": identities[person.id],
            "tags": tags[person.id],
            "language": person.language,
            "zone": person.zone,
            "owner_id": person.owner_id,
            "collected_at": person.collected_at,
            "may_be_written_to": person.id not in stopped,
        }
        for person in people
    ]
