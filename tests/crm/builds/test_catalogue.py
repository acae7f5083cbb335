"""Builds: registered once, their file written once, downloaded by those who may."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tracemalloc
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from crm.accounts.actions import end_agreement, make_api_token
from crm.accounts.rules import Role, Scope
from crm.builds.actions import (
    BuildKnown,
    grant_access,
    hold_build,
    keep_file,
    mark_open_week,
    offer_again,
    register_build,
    withdraw_build,
    write_notes,
)
from crm.builds.actions.feeds import make_feed_key
from crm.builds.models import Artefact, Build, BuildDownload
from crm.builds.queries import download_token, figures_of, notes_in, notes_of, offered, read_download_token
from crm.builds.queries.feeds import feed_token
from crm.builds.rules import FIRST_WEEK, Order
from crm.core import clock
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood
from crm.core.programme import Programme
from crm.core.tokens import sign
from crm.people.models import Person
from tests import make
from tests.cast import SignIn
from tests.make import T0

DATA = bytes(range(256)) * 4096
SMALL = 10_000


def whole(build: Build) -> Artefact:
    """The only file of a build."""
    return session().query(Artefact).filter_by(build_id=build.id).one()


def stored(at: datetime = T0, **fields: str) -> Build:
    build = register_build(
        "android", fields.get("version", "1.0"), {"zh": "新"}, at=at, file=io.BytesIO(DATA), file_name="橙.apk"
    )
    session().commit()
    return build


def files_of(app: Flask) -> list[Path]:
    folder = Path(app.config["DATA_DIR"]) / "files" / "builds"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_version_is_registered_once_on_its_platform(programme: Programme) -> None:
    register_build("android", "1.0", {}, at=T0)
    with pytest.raises(BuildKnown):
        register_build("android", " 1.0 ", {}, at=T0)
    assert register_build("ios", "1.0", {}, at=T0).id
    with pytest.raises(NotUnderstood):
        register_build("amiga", "1.0", {}, at=T0)
    with pytest.raises(NotUnderstood):
        register_build("android", "", {}, at=T0)


def test_notes_are_read_in_a_language_that_has_them(programme: Programme) -> None:
    build = register_build("android", "1.0", {"zh": "新功能", "en": "  "}, at=T0)
    assert notes_of(build.id) == {"zh": "新功能"}
    assert notes_in(notes_of(build.id), "en", ["zh", "en"]) == "新功能"
    assert notes_in({}, "en", ["zh", "en"]) == ""


def test_a_stored_file_has_its_sum_and_never_changes(programme: Programme) -> None:
    build = stored()
    assert (whole(build).size, whole(build).sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    with pytest.raises(MoveRefused):
        keep_file(build.id, io.BytesIO(b"other"), "other.apk", at=T0)


def test_an_empty_file_is_refused_and_leaves_nothing(programme: Programme, database: Flask) -> None:
    build, before = make.build(), files_of(database)
    with pytest.raises(NotUnderstood):
        keep_file(build.id, io.BytesIO(b""), "x.apk", at=T0)
    assert files_of(database) == before


def test_access_is_given_once(programme: Programme, ada: Person, bo: Person) -> None:
    build = make.build()
    assert grant_access(build.id, [ada.id, bo.id, ada.id], at=T0, granted_by="release:1") == 2
    assert grant_access(build.id, [ada.id], at=T0, granted_by="release:2") == 0
    assert figures_of(build.id, clock.now()).access == 2


def test_a_week_is_marked_once(programme: Programme) -> None:
    assert mark_open_week(2900, T0)
    assert not mark_open_week(2900, T0)


def test_a_build_is_withdrawn_and_offered_again(programme: Programme) -> None:
    build = make.build()
    withdraw_build(build.id, T0)
    with pytest.raises(MoveRefused):
        withdraw_build(build.id, T0)
    offer_again(build.id, T0)
    with pytest.raises(MoveRefused):
        offer_again(build.id, T0)


# ------------------------------------------------------------ downloads


def link(build: Build, who: Person) -> str:
    return f"/b/{download_token(whole(build).id, who.id, clock.now())}"


@pytest.fixture
def adas(client: FlaskClient, ada: Person) -> tuple[Build, str]:
    """A build that Ada has, and her own link to it."""
    build = stored()
    grant_access(build.id, [ada.id], at=T0, granted_by="test")
    session().commit()
    return build, link(build, ada)


def test_a_personal_link_downloads_the_file_by_its_name(client: FlaskClient, adas: tuple[Build, str]) -> None:
    answer = client.get(adas[1], buffered=True)
    assert answer.data == DATA
    assert answer.headers["ETag"] == f'"{hashlib.sha256(DATA).hexdigest()}"'
    assert "%E6%A9%99.apk" in answer.headers["Content-Disposition"]
    assert "private" in answer.headers["Cache-Control"]
    assert "public" not in answer.headers["Cache-Control"]


def test_a_download_that_broke_off_goes_on_byte_for_byte(client: FlaskClient, adas: tuple[Build, str]) -> None:
    first = client.get(adas[1], buffered=True, headers={"Range": "bytes=0-99999"})
    assert first.status_code == 206
    rest = client.get(adas[1], buffered=True, headers={"Range": "bytes=100000-", "If-Range": first.headers["ETag"]})
    assert rest.status_code == 206
    assert rest.headers["Content-Range"] == f"bytes 100000-{len(DATA) - 1}/{len(DATA)}"
    assert first.data + rest.data == DATA


def test_a_download_of_other_bytes_starts_again(client: FlaskClient, adas: tuple[Build, str]) -> None:
    answer = client.get(adas[1], buffered=True, headers={"Range": "bytes=100000-", "If-Range": '"another"'})
    assert answer.status_code == 200
    assert answer.data == DATA


def test_who_has_the_file_already_gets_nothing_twice(client: FlaskClient, adas: tuple[Build, str]) -> None:
    tag = f'"{hashlib.sha256(DATA).hexdigest()}"'
    assert client.get(adas[1], buffered=True, headers={"If-None-Match": tag}).status_code == 304
    assert client.get(adas[1], buffered=True, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert client.head(adas[1], buffered=True).headers["Content-Length"] == str(len(DATA))


def test_a_proxy_is_told_which_file_to_send(database: Flask, client: FlaskClient, adas: tuple[Build, str]) -> None:
    database.config["ACCEL_PREFIX"] = "/internal/files/"
    try:
        answer = client.get(adas[1], buffered=True)
    finally:
        database.config["ACCEL_PREFIX"] = ""
    assert answer.headers["X-Accel-Redirect"] == f"/internal/files/{whole(adas[0]).file_key}"
    assert answer.data == b""


def test_without_access_no_link_works(client: FlaskClient, adas: tuple[Build, str], bo: Person) -> None:
    other = link(adas[0], bo)
    session().commit()
    assert client.get(other).status_code == 403
    assert client.get(adas[1] + "x").status_code == 403
    assert client.get("/b/forged").status_code == 403


def test_who_left_the_programme_or_a_withdrawn_build_downloads_nothing(
    client: FlaskClient, adas: tuple[Build, str], ada: Person
) -> None:
    withdraw_build(adas[0].id, T0)
    session().commit()
    assert client.get(adas[1], buffered=True).status_code == 404
    offer_again(adas[0].id, T0)
    end_agreement(ada.id, at=clock.now(), reason="left")
    session().commit()
    assert client.get(adas[1], buffered=True).status_code == 403


def test_a_build_on_hold_is_downloaded_by_staff_only_and_no_device_is_offered_it(
    client: FlaskClient, adas: tuple[Build, str], ada: Person, adas_browser: FlaskClient, lins_browser: FlaskClient
) -> None:
    before = stored(T0 - timedelta(days=7), version="0.9")
    grant_access(before.id, [ada.id], at=T0 - timedelta(days=7), granted_by="test")
    session().commit()
    own = f"/builds/{adas[0].id}/download"
    assert offered(ada.id, "android", T0) == adas[0]
    assert lins_browser.post(f"/builds/{adas[0].id}/hold").status_code == 302
    assert offered(ada.id, "android", T0) == before
    assert [client.get(adas[1]).status_code, adas_browser.get(own).status_code] == [404, 404]
    assert b"0.9" in adas_browser.get("/portal").data
    assert lins_browser.get(own, buffered=True).data == DATA
    with pytest.raises(MoveRefused):
        hold_build(adas[0].id, T0)
    assert lins_browser.post(f"/builds/{adas[0].id}/resume").status_code == 302
    assert offered(ada.id, "android", T0) == adas[0]
    assert client.get(adas[1], buffered=True).data == DATA


def test_what_is_offered_is_of_the_platform_and_for_testers(programme: Programme, ada: Person, bo: Person) -> None:
    build = make.build()
    grant_access(build.id, [ada.id, bo.id], at=T0, granted_by="test")
    assert offered(ada.id, build.platform, T0) == build
    assert offered(ada.id, build.platform, T0 - timedelta(seconds=1)) is None
    assert offered(ada.id, "ios", T0) is None
    assert offered(bo.id, build.platform, T0) is None
    end_agreement(ada.id, at=T0, reason="left")
    assert offered(ada.id, build.platform, T0) is None


def test_signed_in_only_those_with_access_download(
    adas: tuple[Build, str], adas_browser: FlaskClient, sign_in: SignIn, lin: Person
) -> None:
    address = f"/builds/{adas[0].id}/download"
    assert adas_browser.get(address, buffered=True).data == DATA
    assert sign_in(make.tester("Eve")).get(address).status_code == 404
    assert sign_in(lin).get(address, buffered=True).data == DATA


# ------------------------------------------------------------ uploads and pages


def form(version: str, data: bytes) -> dict[str, object]:
    return {"platform": "android", "version": version, "notes_zh": "新", "file": (io.BytesIO(data[:SMALL]), "a.apk")}


def test_the_form_registers_a_build_with_its_file(lins_browser: FlaskClient, database: Flask) -> None:
    answer = lins_browser.post("/builds/new", data=form("2.0", DATA))
    page = lins_browser.get(answer.location).text
    assert hashlib.sha256(DATA[:SMALL]).hexdigest() in page
    assert "新" in page
    again = lins_browser.post("/builds/new", data=form("2.0", DATA))
    assert "registered already" in again.text
    assert not [path for path in files_of(database) if path.name.endswith(".part")]


def test_a_file_may_follow_later_once(lins_browser: FlaskClient) -> None:
    build = make.build()
    session().commit()
    address = f"/builds/{build.id}/file"
    assert lins_browser.post(address, data={}).status_code == 302
    assert lins_browser.post(address, data={"file": (io.BytesIO(b"abc"), "a.apk")}).status_code == 302
    assert lins_browser.post(address, data={"file": (io.BytesIO(b"abc"), "a.apk")}).status_code == 409


def test_a_device_that_cannot_be_is_told_and_stores_nothing(lins_browser: FlaskClient) -> None:
    build = make.build()
    session().commit()
    sent = {"file": (io.BytesIO(b"abc"), "a.apk"), "device": "two words"}
    page = lins_browser.post(f"/builds/{build.id}/file", data=sent, follow_redirects=True).text
    assert "A device is named by its code" in page
    typed = form("2.0", DATA) | {"device": "two words"}
    assert 'id="device-error"' in lins_browser.post("/builds/new", data=typed).text
    assert session().query(Artefact).count() == 0


def test_a_form_without_its_csrf_token_stores_nothing(database: Flask, lins_browser: FlaskClient) -> None:
    before = files_of(database)
    database.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = lins_browser.post("/builds/new", data=form("3.0", DATA))
    finally:
        database.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 200
    assert session().query(Build).count() == 0
    assert files_of(database) == before


def put(client: FlaskClient, who: Person, build: Build, data: bytes) -> object:
    token = make_api_token(who.id, "machine", ["builds:write"], at=clock.now())
    session().commit()
    return client.put(
        f"/api/v1/builds/{build.id}/file?name=a.apk", data=data, headers={"Authorization": f"Bearer {token}"}
    )


def test_a_build_machine_puts_the_file(client: FlaskClient, programme: Programme) -> None:
    build, machine = make.build(), make.staff("Max", Role.RELEASE)
    answer = put(client, machine, build, DATA)
    assert answer.json["sha256"] == hashlib.sha256(DATA).hexdigest()  # type: ignore[attr-defined]  # a test response
    assert put(client, machine, build, DATA).status_code == 409  # type: ignore[attr-defined]  # a test response


def test_who_may_not_register_builds_puts_no_file(client: FlaskClient, programme: Programme) -> None:
    answer = put(client, make.staff("Con", Role.COMMUNITY), make.build(), DATA)
    assert answer.status_code == 403  # type: ignore[attr-defined]  # a test response


class Endless(io.RawIOBase):
    """So many bytes, made as they are read."""

    def __init__(self, size: int) -> None:
        self.left = size

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the kind of buffer that io passes
        count = min(len(buffer), self.left)
        buffer[:count] = os.urandom(16) * (count // 16) + b"\0" * (count % 16)
        self.left -= count
        return count

    def readable(self) -> bool:
        return True


SIZE = 64 << 20


@pytest.mark.parametrize("way", ["put", "form"])
def test_memory_stays_flat_during_an_upload(
    lins_browser: FlaskClient, lin: Person, client: FlaskClient, way: str
) -> None:
    build = make.build()
    token = make_api_token(lin.id, "machine", ["builds:write"], at=clock.now())
    session().commit()
    head = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.apk"\r\n\r\n'
    tail = b"\r\n--cut--\r\n"
    body = io.BytesIO(head), Endless(SIZE), io.BytesIO(tail)
    tracemalloc.start()
    if way == "put":
        answer = client.put(
            f"/api/v1/builds/{build.id}/file",
            environ_overrides={"wsgi.input": io.BufferedReader(Endless(SIZE)), "CONTENT_LENGTH": str(SIZE)},
            headers={"Authorization": f"Bearer {token}"},
        )
    else:
        answer = lins_browser.post(
            f"/builds/{build.id}/file",
            environ_overrides={
                "wsgi.input": io.BufferedReader(Joined(*body)),
                "CONTENT_LENGTH": str(SIZE + len(head) + len(tail)),
                "CONTENT_TYPE": "multipart/form-data; boundary=cut",
            },
        )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code in (200, 302)
    assert whole(build).size == SIZE
    assert peak < 16 << 20


class Joined(io.RawIOBase):
    """Streams one after the other."""

    def __init__(self, *parts: io.IOBase) -> None:
        self.parts = list(parts)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the kind of buffer that io passes
        while self.parts:
            count = self.parts[0].readinto(buffer)  # type: ignore[attr-defined]  # every raw stream has it
            if count:
                return int(count)
            self.parts.pop(0)
        return 0

    def readable(self) -> bool:
        return True


def test_lists_and_pages_open_for_staff(lins_browser: FlaskClient, adas: tuple[Build, str]) -> None:
    for address in ("/builds", "/builds/new", f"/builds/{adas[0].id}", f"/builds/{adas[0].id}/notes"):
        assert lins_browser.get(address).status_code == 200, address
    assert lins_browser.post(f"/builds/{adas[0].id}/notes", data={"notes_en": "New", "notes_zh": ""}).status_code == 302
    assert notes_of(adas[0].id) == {"en": "New"}
    assert lins_browser.post(f"/builds/{adas[0].id}/withdraw").status_code == 302
    assert lins_browser.post(f"/builds/{adas[0].id}/offer-again").status_code == 302


# ------------------------------------------------------------ devices, links that end, who downloaded


def test_each_device_gets_its_own_file_and_others_that_for_all(
    client: FlaskClient, ada: Person, adas_browser: FlaskClient
) -> None:
    build = make.build()
    for device in ("", "mione_plus"):
        keep_file(build.id, io.BytesIO(device.encode() or b"all"), f"{device}.zip", at=T0, device=device)
    grant_access(build.id, [ada.id], at=T0, granted_by="test")
    session().commit()
    address = f"/builds/{build.id}/download"
    asked = {
        device: adas_browser.get(f"{address}?device={device}", buffered=True).data for device in ("", "mione_plus", "x")
    }
    assert asked == {"": b"all", "mione_plus": b"mione_plus", "x": b"all"}
    page = adas_browser.get("/portal").text
    assert "Download for mione_plus" in page
    with pytest.raises(MoveRefused):
        keep_file(build.id, io.BytesIO(b"y"), "y.zip", at=T0, device="mione_plus")


def test_a_feed_answers_with_the_file_of_the_device_that_asks(client: FlaskClient, ada: Person) -> None:
    old, new = (make.build(platform="firmware", registered_at=T0 + timedelta(days=day)) for day in (0, 7))
    for build, device in ((old, ""), (new, "mione_plus")):
        keep_file(build.id, io.BytesIO(f"{build.version} {device}".encode()), "rom.zip", at=T0, device=device)
        grant_access(build.id, [ada.id], at=T0, granted_by="test")
    key = make_feed_key(ada.id, T0)
    session().commit()
    feed = f"/f/{feed_token(key.id)}/firmware/build.json"
    asked = {
        device: client.get(f"{feed}?device={device}").get_json()["build"]["version"] for device in ("mione_plus", "x")
    }
    assert asked == {"mione_plus": new.version, "x": old.version}


def test_a_link_comes_to_its_end_and_a_new_one_opens(
    client: FlaskClient, adas: tuple[Build, str], ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.now() + timedelta(days=21)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = client.get(adas[1])
    assert answer.status_code == 403
    assert "come to its end" in answer.text
    assert client.get(link(adas[0], ada), buffered=True).data == DATA
    assert client.get(f"/b/{sign('build', [adas[0].id, ada.id])}").status_code == 403


def test_links_made_in_one_week_are_the_same_and_last_for_two(adas: tuple[Build, str], ada: Person) -> None:
    monday = FIRST_WEEK + timedelta(weeks=2900)
    made = {download_token(1, ada.id, monday + timedelta(days=day)) for day in range(7)}
    assert len(made) == 1
    sunday = monday + timedelta(days=6)
    assert read_download_token(made.pop(), sunday + timedelta(days=14)) == (1, ada.id)


def test_who_began_a_download_is_kept_once_and_looking_is_none(
    client: FlaskClient, adas: tuple[Build, str], ada: Person, lins_browser: FlaskClient
) -> None:
    client.head(adas[1], buffered=True)
    lins_browser.get(f"/builds/{adas[0].id}/download", buffered=True)
    assert figures_of(adas[0].id, clock.now()).downloaded == 0
    for _time in range(2):
        client.get(adas[1], buffered=True, headers={"Range": "bytes=0-9"})
    assert [(one.build_id, one.person_id) for one in session().query(BuildDownload)] == [(adas[0].id, ada.id)]
    assert figures_of(adas[0].id, clock.now()).downloaded == 1
    assert "Ada" in lins_browser.get(f"/people?downloaded_build={adas[0].id}").text


def test_a_server_that_knows_x_sendfile_is_told_the_place(
    database: Flask, client: FlaskClient, adas: tuple[Build, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database.config, "X_SENDFILE", True)
    answer = client.get(adas[1], buffered=True)
    assert Path(answer.headers["X-Sendfile"]).read_bytes() == DATA
    assert answer.data == b""


def test_notes_are_light_markdown_and_no_html(lins_browser: FlaskClient) -> None:
    build = register_build("android", "1.0", {"en": "# Calls\n\n- **louder**\n\n<script>x</script>"}, at=T0)
    session().commit()
    page = lins_browser.get(f"/builds/{build.id}").text
    assert "<strong>louder</strong>" in page
    assert "<script>x" not in page
    preview = lins_browser.post("/builds/notes/preview", data={"notes_en": "**new**", "to_test_en": "- calls"})
    assert "<strong>new</strong>" in preview.text
    assert "What to test" in preview.text


def test_what_to_test_reaches_the_tester(adas: tuple[Build, str], adas_browser: FlaskClient) -> None:
    write_notes(adas[0].id, {"en": "New"}, {"en": "Call your *mother*"}, at=T0)
    session().commit()
    assert "<em>mother</em>" in adas_browser.get("/portal").text


def test_what_is_too_long_is_refused_with_its_figures_and_nothing_typed_is_lost(lins_browser: FlaskClient) -> None:
    empty = lins_browser.get("/builds/new").text
    assert "maxlength" not in empty.partition("<main")[2], "a browser would cut what is pasted without a word"
    assert "4,000" in empty
    assert "Markdown" in empty
    long = {"version": "9" * 300, "notes_en": "n" * 10_000, "channel": "stable", "platform": "android"}
    page = lins_browser.post("/builds/new", data=long).text
    assert "At most 200 characters: these are 300, so 100 too many." in page
    assert "At most 4,000 characters: these are 10,000, so 6,000 too many." in page
    assert "9" * 300 in page
    assert "n" * 10_000 in page
    build = make.build(platform="android")
    session().commit()
    notes = f"/builds/{build.id}/notes"
    assert "maxlength" not in lins_browser.get(notes).text.partition("<main")[2]
    assert lins_browser.post(notes, data={"notes_en": "n" * 4_000}).status_code == 302
    assert "so 1 too many" in lins_browser.post(notes, data={"notes_en": "n" * 4_001}).text
    lines = {"notes_en": "\r\n".join(["n" * 9] * 400)}
    assert lins_browser.post(notes, data=lines).status_code == 302, "a line break counts once, as people count"


def test_a_preview_of_nothing_says_so(lins_browser: FlaskClient) -> None:
    assert "Nothing to show yet" in lins_browser.post("/builds/notes/preview", data={"notes_en": " "}).text
    assert "Nothing to show yet" not in lins_browser.post("/builds/notes/preview", data={"to_test_en": "x"}).text


def test_a_long_version_breaks_no_other_column(lins_browser: FlaskClient) -> None:
    make.build(platform="android", version="9" * 200)
    session().commit()
    assert 'data-label="Platform" class=" keep">android<' in lins_browser.get("/builds").text


def made_weekly(versions: str, order: Order | None = None) -> list[str]:
    """Registers these, a week apart; returns all of them in the order in which devices are offered them."""
    known = session().query(Build).count()
    for week, version in enumerate(versions.split(), known):
        register_build("android", version, {}, at=T0 + timedelta(weeks=week), order=order)
    return list(session().scalars(select(Build.version).order_by(Build.ordered_at, Build.id)))


@pytest.mark.parametrize("repairs", ["1.1 1.2 1.1.1", "1.1 1.3 1.2", "1.2 1.1 1.1.1 1.3"])
def test_repairs_stand_in_the_order_of_their_versions(repairs: str, programme: Programme) -> None:
    made_weekly("1.0 2.0")
    assert made_weekly(repairs, order=Order.BELOW) == ["1.0", *sorted(repairs.split()), "2.0"]


def test_notes_keep_no_sign_that_nobody_can_read(client: FlaskClient, lin: Person) -> None:
    token = make_api_token(lin.id, "machine", [Scope.BUILDS_WRITE], at=T0)
    session().commit()
    body = json.dumps({"platform": "linux", "version": "1", "notes": {"en": "a\x00b\ud800\x96\ufffe\nc"}})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    assert client.post("/api/v1/builds", data=body, headers=headers).status_code == 201
    assert notes_of(session().query(Build).one().id) == {"en": "ab\nc"}


def test_the_api_speaks_english_unless_asked_and_names_the_field_at_fault(client: FlaskClient, lin: Person) -> None:
    token = make_api_token(lin.id, "machine", [Scope.BUILDS_WRITE], at=T0)
    lin.language = "zh"
    made_weekly("2.0")
    session().commit()
    sign = {"Authorization": f"Bearer {token}", "Accept-Language": ""}
    older = {"platform": "android", "version": "1.0"}
    answer = client.post("/api/v1/builds", json=older, headers=sign)
    assert answer.status_code == 409
    told = answer.json or {}
    assert [one["pointer"] for one in told["errors"]] == ["/order"]
    assert "is older than" in told["detail"]
    chinese = client.post("/api/v1/builds", json=older, headers=sign | {"Accept-Language": "zh-CN"}).json or {}
    assert "is older than" not in chinese["detail"]
    long = {"platform": "android", "version": "3.0", "notes": {"en": "x" * 4001}}
    told = client.post("/api/v1/builds", json=long, headers=sign).json or {}
    assert [one["pointer"] for one in told["errors"]] == ["/notes"]
