"""Check-ins: each once, many at once, from devices and from files."""

from __future__ import annotations

import gzip
import io
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from crm.accounts.actions import make_api_token
from crm.builds.actions import NewCheckIn, import_check_ins, record_check_ins, register_build
from crm.builds.models import CheckIn, CheckInImport
from crm.builds.queries import figures_of
from crm.builds.queries.feeds import unknown_versions
from crm.builds.rules import CheckInKind
from crm.core import clock
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.programme import Programme
from crm.core.restand import Restand
from crm.people.models import Person
from tests import make
from tests.make import T0

BEAT = CheckInKind.HEARTBEAT


def count() -> int:
    return session().scalar(select(func.count()).select_from(CheckIn)) or 0


def test_a_client_key_is_recorded_once_for_each_person(programme: Programme, ada: Person, bo: Person) -> None:
    beats = [NewCheckIn(who.id, "1.0", BEAT, T0, "k1") for who in (ada, bo, ada)]
    first = record_check_ins(beats, received_at=T0)
    assert (first.new, first.known) == (2, 1)
    again = record_check_ins(beats, received_at=T0)
    assert (again.new, again.known) == (0, 3)
    assert count() == 2


def test_without_a_client_key_each_is_new(programme: Programme, ada: Person) -> None:
    beats = [NewCheckIn(ada.id, "1.0", BEAT, T0)] * 2
    assert record_check_ins(beats, received_at=T0).new == 2


def test_people_are_restood_from_their_earliest_fact(programme: Programme, ada: Person) -> None:
    beats = [NewCheckIn(ada.id, "1.0", BEAT, T0 + timedelta(days=d)) for d in (3, 1, 2)]
    record_check_ins(beats, received_at=T0)
    assert session().get_one(Restand, ada.id).since == T0 + timedelta(days=1)


def test_an_unknown_version_is_kept_and_a_known_one_finds_its_build(programme: Programme, ada: Person) -> None:
    build = make.build(platform="android", version="9.1")
    record_check_ins([NewCheckIn(ada.id, v, BEAT, T0) for v in ("9.1", "9.2")], received_at=T0)
    rows = session().execute(select(CheckIn.version, CheckIn.build_id).order_by(CheckIn.version)).all()
    assert [tuple(row) for row in rows] == [("9.1", build.id), ("9.2", None)]


def test_a_version_of_two_platforms_needs_the_platform(programme: Programme, ada: Person) -> None:
    make.build(platform="android", version="9.1")
    ios = make.build(platform="ios", version="9.1")
    beats = [NewCheckIn(ada.id, "9.1", BEAT, T0), NewCheckIn(ada.id, "9.1", BEAT, T0, platform="ios")]
    record_check_ins(beats, received_at=T0)
    assert session().scalars(select(CheckIn.build_id).order_by(CheckIn.id)).all() == [None, ios.id]


# ------------------------------------------------------------ from devices


@pytest.fixture
def token(database: Flask, ada: Person) -> str:
    made = make_api_token(ada.id, "phone", ["check-ins:write"], at=clock.now())
    session().commit()
    return made


def send(client: FlaskClient, token: str, body: Any) -> Any:
    return client.post("/api/v1/check-ins", json=body, headers={"Authorization": f"Bearer {token}"})


def test_a_device_checks_in_alone_or_in_a_batch(client: FlaskClient, token: str) -> None:
    assert send(client, token, {"version": "1.0"}).json == {"new": 1, "known": 0}
    batch = {"check_ins": [{"version": "1.0", "client_key": str(n // 2), "kind": "first_run"} for n in range(4)]}
    assert send(client, token, batch).json == {"new": 2, "known": 2}
    assert send(client, token, batch).json == {"new": 0, "known": 4}


def test_a_batch_names_the_item_that_is_at_fault(client: FlaskClient, token: str) -> None:
    later = (clock.now() + timedelta(minutes=11)).isoformat()
    answer = send(client, token, {"check_ins": [{"version": "1"}, {"version": "1", "at": later}]})
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json["errors"][0]["pointer"] == "/check_ins/1/at"
    shape = send(client, token, {"check_ins": [{"version": "1"}, {"version": "", "at": "2026-01-01T00:00:00"}]})
    assert {fault["pointer"] for fault in shape.json["errors"]} == {"/check_ins/1/version", "/check_ins/1/at"}
    assert count() == 0


def test_a_clock_that_is_a_little_ahead_is_believed(client: FlaskClient, token: str) -> None:
    soon = (clock.now() + timedelta(minutes=9)).isoformat()
    assert send(client, token, {"version": "1", "at": soon}).status_code == 200


def test_a_device_tells_of_its_crashes(client: FlaskClient, token: str) -> None:
    crash = {"version": "1.0", "kind": "crash", "client_key": "crash 1"}
    assert send(client, token, crash).json == {"new": 1, "known": 0}
    assert send(client, token, {"check_ins": [crash, crash | {"client_key": "crash 2"}]}).json == {"new": 1, "known": 1}
    kinds = session().scalars(select(CheckIn.kind).where(CheckIn.version == "1.0"))
    assert list(kinds) == [CheckInKind.CRASH] * 2


@pytest.mark.parametrize(
    "body",
    [
        [],
        "x",
        {},
        {"check_ins": []},
        {"check_ins": [{"version": "1"}] * 501},
        {"version": "1", "kind": "report"},
        {"version": "a\x00b"},
        {"version": "1", "at": "0001-01-01T00:00:00+14:00"},
        {"version": "1", "surprise": True},
        {"version": "1\ud800"},
        {"version": "1", "client_key": "\udfff"},
        {"version": "1", "platform": "\ud800"},
        {"version": "1", "kind": "\ud800"},
        {"version": "1", "at": "\ud800"},
        {"version": "1", "\ud800": 1},
    ],
    ids=ascii,
)
def test_what_is_no_check_in_is_refused(client: FlaskClient, token: str, body: Any) -> None:
    answer = send(client, token, body)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"


def test_a_stranger_and_a_token_of_another_scope_are_refused(client: FlaskClient, lin: Person) -> None:
    other = make_api_token(lin.id, "figures", ["funnel:read"], at=clock.now())
    session().commit()
    assert client.post("/api/v1/check-ins", json={"version": "1"}).status_code == 401
    assert send(client, other, {"version": "1"}).status_code == 403


def test_a_browser_cookie_cannot_check_in(adas_browser: FlaskClient) -> None:
    assert adas_browser.post("/api/v1/check-ins", json={"version": "1"}).status_code == 401


def test_the_door_is_in_the_api_description(client: FlaskClient) -> None:
    described: Any = client.get("/api/openapi.json").json
    paths = described["paths"]
    assert "post" in paths["/api/v1/check-ins"]
    assert "put" in paths["/api/v1/builds/{build_id}/file"]


def test_a_tester_makes_a_token_on_a_page_and_uses_it(adas_browser: FlaskClient, client: FlaskClient) -> None:
    assert adas_browser.get("/check-in-token").status_code == 200
    page = adas_browser.post("/check-in-token").text
    token = page.split('id="token"')[1].split('value="')[1].split('"')[0]
    assert send(client, token, {"version": "1.0"}).json == {"new": 1, "known": 0}


# ------------------------------------------------------------ clocks that are wrong


def told_at() -> list[Any]:
    return list(session().scalars(select(CheckIn.at).order_by(CheckIn.id)))


@pytest.mark.parametrize("off", [timedelta(days=-9000), timedelta(hours=-3), timedelta(hours=5), timedelta(days=400)])
def test_a_wrong_clock_that_says_when_it_sent_is_corrected(client: FlaskClient, token: str, off: timedelta) -> None:
    before = clock.now()
    shown = before + off
    batch = [{"version": "1", "at": (shown - timedelta(hours=2)).isoformat()}, {"version": "2"}]
    assert send(client, token, {"check_ins": batch, "sent_at": shown.isoformat()}).status_code == 200
    ran, unsaid = told_at()
    took = clock.now() - before
    assert timedelta(0) <= ran - (before - timedelta(hours=2)) <= took
    assert timedelta(0) <= unsaid - before <= took


def test_one_check_in_says_when_it_was_sent_too(client: FlaskClient, token: str) -> None:
    shown = clock.now() + timedelta(days=2)
    body = {"version": "1", "at": shown.isoformat(), "sent_at": shown.isoformat()}
    assert send(client, token, body).json == {"new": 1, "known": 0}
    assert told_at()[0] <= clock.now()


def test_the_date_header_corrects_as_well_and_the_body_comes_first(client: FlaskClient, token: str) -> None:
    now = clock.now()
    shown, headers = now + timedelta(days=3), {"Authorization": f"Bearer {token}"}
    headers["Date"] = format_datetime(shown, usegmt=True)
    body = {"version": "1", "at": shown.isoformat()}
    assert client.post("/api/v1/check-ins", json=body, headers=headers).status_code == 200
    assert abs(told_at()[0] - now) < timedelta(seconds=30)
    refused = client.post("/api/v1/check-ins", json=body | {"sent_at": now.isoformat()}, headers=headers)
    assert refused.status_code == 422
    headers["Date"] = "yesterday, or so"
    assert client.post("/api/v1/check-ins", json={"version": "1"}, headers=headers).status_code == 200


def test_a_clock_less_than_a_minute_off_is_taken_at_its_word(client: FlaskClient, token: str) -> None:
    shown = clock.now() - timedelta(seconds=40)
    send(client, token, {"version": "1", "at": shown.isoformat(), "sent_at": shown.isoformat()})
    assert told_at() == [shown]


@pytest.mark.parametrize(
    ("at", "sent_at"),
    [
        ("9999-12-31T23:59:59Z", "0001-01-02T00:00:00Z"),
        ("0001-01-02T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00"),
        ("2026-01-01T00:00:00Z", None),
        ("2030-01-01T01:00:00Z", "2030-01-01T00:00:00Z"),
    ],
)
def test_a_time_that_cannot_be_is_refused_at_its_place(client: FlaskClient, token: str, at: str, sent_at: Any) -> None:
    answer = send(client, token, {"version": "1", "at": at, "sent_at": sent_at})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] in {"/check_ins/0/at", "/sent_at"}
    assert count() == 0


# ------------------------------------------------------------ the same again, and again


def test_a_hundred_thousand_with_the_same_key_are_one(client: FlaskClient, token: str) -> None:
    batch = {"check_ins": [{"version": "1.0", "client_key": "stuck"}] * 500}
    answers = [send(client, token, batch).json for _time in range(200)]
    assert answers == [{"new": 1, "known": 499}] + [{"new": 0, "known": 500}] * 199
    assert count() == 1


def test_a_replayed_batch_marks_nobody_to_be_looked_at_again(client: FlaskClient, token: str, ada: Person) -> None:
    batch = {"check_ins": [{"version": "1.0", "client_key": str(n)} for n in range(100)]}
    assert send(client, token, batch).json == {"new": 100, "known": 0}
    session().execute(delete(Restand))
    session().commit()
    assert send(client, token, batch).json == {"new": 0, "known": 100}
    assert session().get(Restand, ada.id) is None


def test_a_replay_that_says_another_time_does_not_move_the_first(client: FlaskClient, token: str) -> None:
    first = {"version": "1.0", "client_key": "a", "at": "2026-01-02T00:00:00Z"}
    send(client, token, first)
    send(client, token, first | {"at": "2026-01-03T00:00:00Z", "version": "2.0"})
    assert [at.isoformat() for at in told_at()] == ["2026-01-02T00:00:00+00:00"]


def test_the_same_key_of_two_testers_is_two_check_ins(client: FlaskClient, token: str, database: Flask) -> None:
    other = make_api_token(make.tester("Eve").id, "phone", ["check-ins:write"], at=clock.now())
    session().commit()
    body = {"version": "1.0", "client_key": "same"}
    assert [send(client, who, body).json["new"] for who in (token, other, token, other)] == [1, 1, 0, 0]


# ------------------------------------------------------------ from files


def take(text: str | bytes) -> CheckInImport:
    data = text.encode() if isinstance(text, str) else text
    return import_check_ins(io.BytesIO(data), "history.csv", at=T0)


def figures(done: CheckInImport) -> tuple[int, int, int, int]:
    return done.read, done.new, done.known, done.refused


HEAD = "identity,version,at\n"


def test_history_arrives_also_of_people_who_never_agreed(programme: Programme, bo: Person) -> None:
    done = take(HEAD + "qq:10001,1.0,2012-02-05T12:48:52-05:00\nqq:10001,1.0,2012-02-06T12:48:52Z\n")
    assert figures(done) == (2, 2, 0, 0)
    since = session().get_one(Restand, bo.id).since
    assert since is not None
    assert since.isoformat() == "2012-02-05T17:48:52+00:00"


def test_the_same_file_twice_adds_nothing(programme: Programme, bo: Person) -> None:
    rows = HEAD + "".join(f"qq:10001,1.{n},2024-01-0{n}T00:00:00+08:00\n" for n in range(1, 6))
    assert figures(take(rows)) == (5, 5, 0, 0)
    assert figures(take(rows)) == (5, 0, 5, 0)


def test_the_same_moment_written_with_another_offset_is_the_same(programme: Programme, bo: Person) -> None:
    rows = "qq:10001,1,2024-01-01T00:00:00Z\nQQ: 10001,1,2024-01-01T08:00:00+08:00\n"
    assert figures(take(HEAD + rows)) == (2, 1, 1, 0)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("qq:99999,1,2024-01-01T00:00:00Z", "nobody is known"),
        ("10001,1,2024-01-01T00:00:00Z", "kind:value"),
        ("qq:abc,1,2024-01-01T00:00:00Z", "kind:value"),
        ("qq:10001,,2024-01-01T00:00:00Z", "version is missing"),
        ("qq:10001,1\x002,2024-01-01T00:00:00Z", "version is not"),
        ("qq:10001,1,2024-01-01T00:00:00", "no offset"),
        ("qq:10001,1,yesterday", "is not like"),
        ("qq:10001,1,2024-02-30T00:00:00Z", "is not like"),
        ("qq:10001,1,2096-01-01T00:00:00Z", "future"),
        ("qq:10001,1,1970-01-01T00:00:00Z", "before 1970-01-05"),
        ("qq:10001,1,0001-01-01T00:00:00+14:00", "before 1970-01-05"),
        ("qq:10001,1", "2 fields instead of 3"),
    ],
)
def test_a_row_is_refused_with_its_line_and_reason_and_the_others_arrive(
    programme: Programme, bo: Person, row: str, reason: str
) -> None:
    done = take(HEAD + f"qq:10001,1,2024-01-01T00:00:00Z\n{row}\nqq:10001,2,2024-01-02T00:00:00Z\n")
    assert figures(done) == (3, 2, 0, 1)
    assert done.reasons[0]["line"] == 3
    assert reason in done.reasons[0]["reason"]


def test_reasons_name_no_identity(programme: Programme) -> None:
    done = take(HEAD + "email:gone@example.org,1,2024-01-01T00:00:00Z\nnobody@x,1,2024-01-01T00:00:00Z\n")
    assert done.refused == 2
    assert "@" not in str([row["reason"].replace("ada@example.org", "") for row in done.reasons])


@pytest.mark.parametrize("data", [b"", b"who,when\n", gzip.compress(HEAD.encode())], ids=["empty", "head", "gz"])
def test_a_file_without_the_columns_is_refused_whole(programme: Programme, data: bytes) -> None:
    with pytest.raises(NotUnderstood, match="missing"):
        take(data)


def test_columns_may_stand_in_any_order_and_others_beside_them(programme: Programme, bo: Person) -> None:
    assert figures(take("\ufeffat,note,identity,version\n2024-01-01T00:00:00Z,hi,qq:10001,1\n")) == (1, 1, 0, 0)


def test_chunks_are_committed_on_the_way(programme: Programme, bo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.builds.actions.importing.CHUNK", 2)
    data = HEAD + "".join(f"qq:10001,{n},2024-01-01T00:00:00Z\n" for n in range(5))
    done: list[int] = []
    import_check_ins(io.BytesIO(data.encode()), "h.csv", at=T0, after_chunk=lambda: done.append(count()))
    assert done == [2, 4, 5]


def test_the_command_prints_counts_and_tells_refused_rows(database: Flask, bo: Person, tmp_path: Any) -> None:
    file = tmp_path / "history.csv"
    file.write_text(HEAD + "qq:10001,1,2024-01-01T00:00:00Z\nqq:10001,1,never\n")
    session().commit()
    ran = database.test_cli_runner().invoke(args=["builds", "import-check-ins", str(file), "--json"])
    assert '{"read": 2, "new": 1, "known": 0, "refused": 1}' in ran.stdout
    assert "history.csv:3:" in ran.stderr


def test_check_ins_that_named_a_version_before_it_was_registered_are_of_its_build(programme: Programme) -> None:
    ada = make.tester("Ada")
    for version in ("7.0", "8.0", "9.0"):
        record_check_ins([NewCheckIn(ada.id, version, CheckInKind.FIRST_RUN, T0)], received_at=T0)
    build = register_build("android", "7.0", {}, at=T0)
    register_build("ios", "9.0", {}, at=T0)
    first = session().scalar(select(CheckIn.build_id).where(CheckIn.version == "9.0"))
    register_build("android", "9.0", {}, at=T0)
    assert figures_of(build.id, T0).ran == 1
    assert session().scalar(select(CheckIn.build_id).where(CheckIn.version == "9.0")) == first
    assert [one.version for one in unknown_versions()] == ["8.0"]
