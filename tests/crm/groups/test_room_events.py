"""What a room's own program tells us: signed, once, matched by identity or by invite code."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from crm.core import clock
from crm.core.db import session
from crm.core.programme import Programme
from crm.core.signatures import signature
from crm.groups.actions import make_key, read_key, take_events
from crm.groups.models import Group, GroupEvent, GroupKey, Membership
from crm.groups.queries import running_count
from crm.groups.rules import EventKind, RoomEvent, Told
from crm.invites.actions import make_invites
from crm.people.actions import make_origin
from crm.people.models import Identity, Person
from crm.people.rules import OriginKind
from tests import make
from tests.make import T0

HOUR = timedelta(hours=1)


@pytest.fixture
def group(programme: Programme) -> Group:
    return make.group(kind="qq", name="Orange", capacity=100)


@pytest.fixture
def code(bo: Person) -> str:
    origin = make_origin(OriginKind.CAMPAIGN, "campaign:1", "Spring")
    return make_invites(origin, [(bo.id, "a", None)], T0)[bo.id]


@pytest.fixture
def key(group: Group) -> str:
    made = make_key(group.id, T0)
    session().commit()
    return made


def tell(
    client: FlaskClient, group_id: int, key: str, body: Any, *, late: int = 0, headers: dict[str, str] | None = None
) -> TestResponse:
    text = json.dumps(body).encode() if not isinstance(body, bytes) else body
    stamp = str(int(clock.now().timestamp()) - late)
    sent = {"Seedbed-Timestamp": stamp, "Seedbed-Signature": signature(key, stamp, text)} | (headers or {})
    return client.post(f"/api/v1/groups/{group_id}/events", data=text, headers=sent, content_type="application/json")


def event(number: str, kind: str, **member: str) -> dict[str, Any]:
    return {"id": number, "type": kind, "member": member}


def outcomes(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["outcome"] for one in answer.json["results"]]  # type: ignore[index]  # it is JSON, or the test fails


def test_joins_and_leaves_are_recorded_once_however_often_they_are_told(
    client: FlaskClient, group: Group, key: str, bo: Person
) -> None:
    joined = {"events": [event("1", "join", identity="10001"), event("2", "join", identity="qq:10002", name="Li")]}
    assert outcomes(tell(client, group.id, key, joined)) == ["joined", "joined"]
    assert outcomes(tell(client, group.id, key, joined)) == ["known", "known"]
    assert outcomes(tell(client, group.id, key, event("3", "leave", identity="10001"))) == ["left"]
    assert outcomes(tell(client, group.id, key, joined)) == ["known", "known"], "a replay lets nobody in again"
    assert running_count(group.id) == 1
    assert session().scalar(select(func.count()).select_from(Membership)) == 2
    assert session().scalars(select(Person.name).join(Identity).where(Identity.value == "10002")).one() == "Li"


def test_the_same_event_twice_in_one_request_is_taken_once(client: FlaskClient, group: Group, key: str) -> None:
    body = {"events": [event("1", "join", identity="10005"), event("1", "join", identity="10005")]}
    assert outcomes(tell(client, group.id, key, body)) == ["joined", "known"]


def test_a_code_says_who_an_unknown_identity_is(
    client: FlaskClient, group: Group, key: str, code: str, bo: Person
) -> None:
    assert outcomes(tell(client, group.id, key, event("1", "join", identity="77777", code=code.upper()))) == ["joined"]
    stay = session().scalars(select(Membership)).one()
    assert (stay.person_id, stay.invite_id is not None, stay.origin_id is not None) == (bo.id, True, True)
    assert outcomes(tell(client, group.id, key, event("2", "leave", identity="77777"))) == ["left"]


def test_a_code_alone_is_enough_and_an_unknown_one_matches_nobody(
    client: FlaskClient, group: Group, key: str, code: str
) -> None:
    assert outcomes(tell(client, group.id, key, event("1", "join", code=code))) == ["joined"]
    assert outcomes(tell(client, group.id, key, event("2", "join", code="zzzzzzzzzz"))) == ["unmatched"]
    assert outcomes(tell(client, group.id, key, event("3", "leave", identity="88888"))) == ["unmatched"]


def test_an_identity_that_we_know_from_elsewhere_stays_with_its_owner(
    client: FlaskClient, group: Group, key: str, code: str
) -> None:
    other = make.person("Other", identities={"qq": "30003", "email": "other@people.example"})
    session().commit()
    tell(client, group.id, key, event("1", "join", identity="30003", code=code))
    assert session().scalars(select(Membership.person_id)).all() == [other.id]


def test_a_room_is_right_about_who_is_in_it_also_beyond_its_capacity(programme: Programme, bo: Person) -> None:
    group = make.group(capacity=1)
    told = take_events(group.id, [RoomEvent(str(n), EventKind.JOIN, T0, ("qq", f"5000{n}")) for n in range(3)], T0)
    assert told == [Told.JOINED] * 3
    assert running_count(group.id) == 3


def test_a_code_said_later_makes_one_person_of_two(programme: Programme, group: Group, code: str, bo: Person) -> None:
    stranger = ("qq", "66666")
    take_events(group.id, [RoomEvent("1", EventKind.JOIN, T0, stranger, "Bobo")], T0)
    made = session().scalars(select(Person).where(Person.name == "Bobo")).one().id
    told = take_events(group.id, [RoomEvent("2", EventKind.CLAIM, T0 + HOUR, stranger, "", (code,))], T0 + HOUR)
    assert told == [Told.UNCHANGED]
    assert session().get_one(Person, made).merged_into_id == bo.id
    stay = session().scalars(select(Membership)).one()
    assert (stay.person_id, stay.invite_id is not None) == (bo.id, True)


def test_a_member_is_called_as_they_call_themselves_without_the_code(programme: Programme, group: Group) -> None:
    event = RoomEvent("1", EventKind.JOIN, T0, ("qq", "66666"), "Wu (zzzzzzzzzz)\u202e", ("zzzzzzzzzz",))
    take_events(group.id, [event], T0)
    assert session().scalars(select(Person.name)).all() == ["Wu"]


@pytest.mark.parametrize(
    ("late", "headers", "says"),
    [
        (330, {}, "5 minutes"),
        (-330, {}, "5 minutes"),
        (0, {"Seedbed-Timestamp": "yesterday"}, "seconds since 1970"),
        (0, {"Seedbed-Timestamp": ""}, "headers"),
        (0, {"Seedbed-Signature": ""}, "headers"),
        (0, {"Seedbed-Signature": "v1=" + "0" * 64}, "signature"),
        (0, {"Seedbed-Signature": "v1=é"}, "signature"),
    ],
)
def test_what_is_not_signed_a_moment_ago_is_refused_with_the_reason(
    client: FlaskClient, group: Group, key: str, late: int, headers: dict[str, str], says: str
) -> None:
    answer = tell(client, group.id, key, event("1", "join", identity="10001"), late=late, headers=headers)
    assert answer.status_code == 401
    assert says in answer.json["detail"]  # type: ignore[index]  # it is JSON, or the test fails
    assert session().scalar(select(func.count()).select_from(GroupEvent)) == 0


def test_a_signature_of_another_body_or_under_an_older_key_is_refused(
    client: FlaskClient, group: Group, key: str
) -> None:
    body = json.dumps(event("1", "join", identity="10001")).encode()
    stamp = str(int(clock.now().timestamp()))
    signed = signature(key, stamp, body)
    assert tell(client, group.id, key, body + b" ", headers={"Seedbed-Signature": signed}).status_code == 401
    make_key(group.id, T0)
    session().commit()
    assert tell(client, group.id, key, body).status_code == 401


def test_a_group_without_a_key_and_one_that_is_not_there(client: FlaskClient, group: Group) -> None:
    session().commit()
    assert tell(client, group.id, "guess", event("1", "join", identity="10001")).status_code == 403
    assert tell(client, 9999, "guess", event("1", "join", identity="10001")).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"{", ""),
        ({"events": []}, "/events"),
        ({"events": [event("1", "dance", identity="10001")]}, "/events/0/type"),
        ({"events": [event("1", "join", identity="10001"), event("2", "join", identity="abc")]}, "/events/1"),
        ({"events": [event("1", "join", name="Li")]}, "/events/0"),
        ({"events": [event("1", "join", code="short")]}, "/events/0"),
        ({"events": [{**event("1", "join", identity="10001"), "at": "2999-01-01T00:00:00Z"}]}, "/events/0"),
        ({"events": [{**event("1", "join", identity="10001"), "at": "2026-01-01T00:00:00"}]}, "/events/0/at"),
    ],
)
def test_a_batch_with_a_fault_is_refused_whole_and_says_where(
    client: FlaskClient, group: Group, key: str, body: Any, pointer: str
) -> None:
    answer = tell(client, group.id, key, body)
    assert answer.status_code == 422, answer.text
    places = [one["pointer"] for one in answer.json["errors"]]  # type: ignore[index]  # it is JSON, or the test fails
    assert pointer in places
    assert session().scalar(select(func.count()).select_from(Membership)) == 0


def test_the_key_is_shown_once_and_stored_sealed(lins_browser: FlaskClient, group: Group) -> None:
    session().commit()
    page = lins_browser.post(f"/groups/{group.id}/key").text
    secret = read_key(group.id)
    assert secret is not None
    assert secret in page
    assert secret not in lins_browser.get(f"/groups/{group.id}").text
    assert secret not in session().scalars(select(GroupKey.sealed)).one()
    assert lins_browser.post(f"/groups/{group.id}/key/drop").status_code == 302
    session().expire_all()
    assert read_key(group.id) is None
