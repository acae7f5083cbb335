"""What a room's own program tells us: joins and leaves, signed. The contract stands in docs/group-events.md."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, List, Nested, String
from apiflask.validators import Length, OneOf, Regexp
from flask import json
from flask_babel import gettext as _
from marshmallow import RAISE, ValidationError, pre_load

from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotAllowed, NotUnderstood
from crm.core.guards import by_signature
from crm.core.problems import faults_in, problem_of
from crm.core.signatures import CLOCKS_DIFFER, signed_body
from crm.groups.actions import read_key, take_events
from crm.groups.models import Group
from crm.groups.queries import group_or_404
from crm.groups.rules import EVENTS_AT_ONCE, LONGEST_EVENT_ID, EventKind, RoomEvent
from crm.invites.rules import codes_in, tidy_code
from crm.people.identities import normalise, parse
from crm.people.rules import is_identity_kind

bp = APIBlueprint("groups_api", __name__, url_prefix="/api/v1", tag="groups")
BLUEPRINTS = (bp,)
PRINTABLE = Regexp(r"^[^\x00-\x1f\x7f\ud800-\udfff]*\Z")
Fault = tuple[str, str]


class MemberSchema(Schema):
    class Meta:
        unknown = RAISE

    identity = String(
        validate=[Length(1, 300), PRINTABLE],
        metadata={"description": "Of the group's kind, or written kind:value. Needed unless there is a code."},
    )
    name = String(load_default="", validate=[Length(max=500), PRINTABLE])
    code = String(validate=[Length(1, 40), PRINTABLE], metadata={"description": "The code of their invite link."})


class EventSchema(Schema):
    class Meta:
        unknown = RAISE

    id = String(
        required=True,
        validate=[Length(1, LONGEST_EVENT_ID), PRINTABLE],
        metadata={"description": "Your own number of this event: told again, it changes nothing."},
    )
    type = String(required=True, validate=OneOf([EventKind.JOIN.value, EventKind.LEAVE.value]))
    at = AwareDateTime(metadata={"description": "With its offset. Left out: now."})
    member = Nested(MemberSchema, required=True)


class EventsSchema(Schema):
    class Meta:
        unknown = RAISE

    events = List(Nested(EventSchema), required=True, validate=Length(1, EVENTS_AT_ONCE))

    @pre_load
    def _one_is_a_batch_too(self, body: Any, **_more: Any) -> Any:
        return {"events": [body]} if isinstance(body, dict) and "type" in body else body


class ResultSchema(Schema):
    id = String(required=True)
    outcome = String(required=True, metadata={"description": "joined, left, unchanged, known or unmatched."})


class ResultsSchema(Schema):
    results = List(Nested(ResultSchema), required=True)


def _signed_body(group_id: int, at: datetime) -> bytes:
    key = read_key(group_id)
    if key is None:
        raise NotAllowed(_("This group has no key: staff make one on the group's page."))
    return signed_body(key, at)


def _identity(group: Group, written: str) -> tuple[str, str]:
    head = written.partition(":")[0].strip().casefold()
    has_kind = ":" in written and (is_identity_kind(head) or head == "forum")
    return parse(written) if has_kind else (group.kind, normalise(group.kind, written))


def _event(group: Group, told: dict[str, Any], now: datetime) -> RoomEvent:
    """Raises NotUnderstood."""
    member, at = told["member"], told.get("at", now)
    if at > now + CLOCKS_DIFFER:
        raise NotUnderstood(_("This time is ahead of ours: set your clock."))
    code = tidy_code(member["code"]) if "code" in member else None
    if "code" in member and code is None:
        raise NotUnderstood(_("This is no code of an invite link: they have 10 letters and digits."))
    if "identity" not in member and code is None:
        raise NotUnderstood(_("A member needs an identity or a code."))
    identity = _identity(group, member["identity"]) if "identity" in member else None
    codes = dict.fromkeys([*([code] if code else []), *codes_in(member["name"])])
    return RoomEvent(told["id"], EventKind(told["type"]), min(at, now), identity, member["name"], tuple(codes))


def _events(group: Group, body: bytes, now: datetime) -> tuple[list[RoomEvent], list[Fault]]:
    """Raises ValidationError."""
    try:
        read = json.loads(body)
    except ValueError as error:
        raise ValidationError({"_schema": [_("The body is no JSON.")]}) from error
    found, faults = [], []
    for place, told in enumerate(EventsSchema().load(read)["events"]):
        try:
            found.append(_event(group, told, now))
        except NotUnderstood as error:
            faults.append((f"/events/{place}", str(error)))
    return found, faults


@bp.post("/groups/<int:group_id>/events")
@by_signature
@bp.output(ResultsSchema)
@bp.doc(
    summary="Tell who joined or left a group",
    description="Signed with the group's key (docs/group-events.md). All of a batch or, where one is at fault, none.",
    responses=[401, 403, 404, 413, 422],
    operation_id="tellGroupEvents",
)
def tell(group_id: int) -> Any:
    now = clock.now()
    group = group_or_404(group_id)
    body = _signed_body(group_id, now)
    try:
        events, faults = _events(group, body, now)
    except ValidationError as error:
        return problem_of("not understood", 422, list(faults_in(error.messages)))
    if faults:
        return problem_of("not understood", 422, faults)
    told = take_events(group_id, events, now)
    session().commit()
    return {"results": [{"id": one.id, "outcome": what.value} for one, what in zip(events, told, strict=True)]}
