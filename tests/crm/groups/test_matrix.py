"""A Matrix room on a real Synapse: who joins and leaves becomes stays, once, however often and late it is read."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from crm.core import clock
from crm.core.db import session
from crm.core.matrix import Homeserver, MatrixTrouble
from crm.core.programme import Programme
from crm.groups import tasks
from crm.groups.actions import NotConnected, connect_room, reading_of, take_news
from crm.groups.models import Group, MatrixRoom, Membership
from crm.groups.queries import matrix_room_of, running_count
from crm.invites.actions import make_invites
from crm.people.actions import make_origin
from crm.people.models import Identity, Person
from crm.people.rules import OriginKind
from tests import make
from tests.crm.groups.conftest import Account
from tests.make import T0


@pytest.fixture
def group(programme: Programme, reader: Account, room: str) -> Group:
    made = make.group(kind="matrix", name="Orange", capacity=500, address=room)
    connect_room(made.id, reader.server, room, reader.token, at=T0)
    session().commit()
    return made


def read() -> None:
    assert tasks.read_rooms.run() == 1
    session().expire_all()


def inside(group: Group) -> set[str]:
    """The Matrix accounts of those who are in the group."""
    wanted = (
        select(Identity.value)
        .join(Membership, Membership.person_id == Identity.person_id)
        .where(Membership.group_id == group.id, Membership.left_at.is_(None), Identity.kind == "matrix")
    )
    return set(session().scalars(wanted))


def test_who_is_in_the_room_already_is_read_first_and_we_are_not_counted(
    account: Callable[[str], Account], group: Group, room: str
) -> None:
    early = account("early")
    early.join(room)
    read()
    assert inside(group) == {early.id}


def test_joins_and_leaves_become_stays_and_nothing_is_read_twice(
    account: Callable[[str], Account], group: Group, room: str
) -> None:
    read()
    one, two = account("one"), account("two")
    one.join(room)
    two.join(room)
    two.leave(room)
    read()
    assert inside(group) == {one.id}
    assert session().scalar(select(func.count()).select_from(Membership)) == 2
    read()
    one.leave(room)
    two.join(room)
    read()
    assert inside(group) == {two.id}
    assert session().scalar(select(func.count()).select_from(Membership)) == 3


def test_a_member_is_matched_by_identity(
    account: Callable[[str], Account], group: Group, room: str, bo: Person
) -> None:
    known = account("known")
    session().add(Identity(kind="matrix", value=known.id, person_id=bo.id))
    session().commit()
    known.join(room)
    read()
    assert session().scalars(select(Membership.person_id)).all() == [bo.id]


@pytest.fixture
def code(group: Group, bo: Person) -> str:
    origin = make_origin(OriginKind.CAMPAIGN, "campaign:1", "Spring")
    made = make_invites(origin, [(bo.id, "a", None)], T0)[bo.id]
    session().commit()
    return made


def stays() -> list[tuple[int, bool]]:
    rows = session().execute(select(Membership.person_id, Membership.invite_id))
    return [(person_id, invite_id is not None) for person_id, invite_id in rows]


def test_a_member_is_matched_by_the_code_in_their_name(
    account: Callable[[str], Account], group: Group, room: str, code: str, bo: Person
) -> None:
    member = account("named")
    member.call_oneself(f"Bobo {code.upper()}")
    member.join(room)
    read()
    assert stays() == [(bo.id, True)]


def test_a_member_is_matched_by_the_code_in_a_message(
    account: Callable[[str], Account], group: Group, room: str, code: str, bo: Person
) -> None:
    member = account("talker")
    member.join(room)
    read()
    assert stays() != [(bo.id, True)]
    member.say(room, f"hello, my code is {code}")
    read()
    assert stays() == [(bo.id, True)]


def test_a_member_is_matched_by_the_code_they_knocked_with(
    account: Callable[[str], Account], reader: Account, programme: Programme, bo: Person
) -> None:
    rule = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    room = str(reader.call("POST", "/createRoom", {"room_version": "11", "initial_state": [rule]})["room_id"])
    group = make.group(kind="matrix", name="Knock", capacity=5)
    connect_room(group.id, reader.server, room, reader.token, at=T0)
    origin = make_origin(OriginKind.CAMPAIGN, "campaign:1", "Spring")
    code = make_invites(origin, [(bo.id, "a", None)], T0)[bo.id]
    session().commit()
    read()
    member = account("knocker")
    member.call("POST", f"/knock/{quote(room, safe='')}", {"reason": code})
    read()
    assert stays() == []
    reader.call("POST", f"/rooms/{quote(room, safe='')}/invite", {"user_id": member.id})
    member.join(room)
    read()
    assert [person_id for person_id, _by_code in stays()] == [bo.id]


def test_a_gap_larger_than_one_answer_is_filled(account: Callable[[str], Account], group: Group, room: str) -> None:
    read()
    guest, talker = account("guest"), account("talker")
    talker.join(room)
    guest.join(room)
    guest.leave(room)
    for number in range(130):
        talker.say(room, f"message {number}")
    server = reading_of(group.id)
    assert server is not None
    news = server.server.news(room, server.since)
    assert len(news.events) > 100
    read()
    assert inside(group) == {talker.id}
    assert session().scalar(select(func.count()).select_from(Membership)) == 2, "the guest who came and went too"


def test_a_worker_that_dies_before_its_commit_loses_nothing_and_repeats_nothing(
    account: Callable[[str], Account], group: Group, room: str
) -> None:
    read()
    member = account("member")
    member.join(room)
    reading = reading_of(group.id)
    assert reading is not None
    news = reading.server.news(room, reading.since)
    assert take_news(reading, news, clock.now()) is not None
    session().rollback()
    read()
    assert inside(group) == {member.id}
    assert take_news(reading, news, clock.now()) is None, "a second worker with the same piece is told so"
    session().rollback()
    assert session().scalar(select(func.count()).select_from(Membership)) == 1


def test_two_places_are_read_again_from_the_beginning_without_a_second_stay(
    account: Callable[[str], Account], group: Group, room: str
) -> None:
    member = account("member")
    member.join(room)
    read()
    found = matrix_room_of(group.id)
    assert found is not None
    found.since = None
    session().commit()
    read()
    assert running_count(group.id) == 1


def test_a_wrong_token_and_a_room_we_are_not_in_are_told(
    account: Callable[[str], Account], programme: Programme, reader: Account, room: str
) -> None:
    group = make.group(kind="matrix")
    with pytest.raises(NotConnected, match="M_UNKNOWN_TOKEN"):
        connect_room(group.id, reader.server, room, "wrong", at=T0)
    other = account("other")
    with pytest.raises(NotConnected, match="is not in this room"):
        connect_room(group.id, reader.server, room, other.token, at=T0)
    with pytest.raises(NotConnected, match="M_NOT_FOUND"):
        connect_room(group.id, reader.server, "#nowhere:seedbed.example", reader.token, at=T0)


def test_staff_connect_a_room_and_see_its_trouble(
    lins_browser: FlaskClient, reader: Account, room: str, programme: Programme
) -> None:
    group = make.group(kind="matrix", name="Orange")
    session().commit()
    page = f"/groups/{group.id}/matrix"
    sent = {"homeserver": "http://matrix.example.org", "room": room, "token": reader.token}
    answer = lins_browser.post(page, data=sent)
    assert "Over http the token could be read" in answer.text
    assert room in answer.text, "what was typed is kept"
    assert lins_browser.post(page, data={**sent, "homeserver": reader.server}).status_code == 302
    stored = session().scalars(select(MatrixRoom)).one()
    assert reader.token not in stored.sealed
    assert room in lins_browser.get(f"/groups/{group.id}").text
    reader.call("POST", "/logout")
    assert tasks.read_rooms.run() == 0
    assert "M_UNKNOWN_TOKEN" in lins_browser.get(f"/groups/{group.id}").text
    assert "M_UNKNOWN_TOKEN" in lins_browser.get("/").text
    assert lins_browser.post(f"/groups/{group.id}/matrix/disconnect").status_code == 302
    assert tasks.read_rooms.run() == 0


def test_a_homeserver_that_is_away_is_trouble_and_no_crash() -> None:
    with pytest.raises(MatrixTrouble, match=r"127\.0\.0\.1:1"):
        Homeserver("http://127.0.0.1:1", "x").account()
