"""Files in pieces: what a tus client may rely on, and what no client can break."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import tracemalloc
from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from crm.accounts.actions import make_api_token
from crm.accounts.rules import Role
from crm.builds import tasks
from crm.builds.models import Artefact, Build, Upload
from crm.builds.rules import KEEP_UPLOADS, UploadState
from crm.core import clock, files
from crm.core.db import session
from crm.people.models import Person
from tests import make
from tests.cast import SignIn
from tests.crm.builds.test_catalogue import Endless
from tests.services import mounted, unmount

DATA = bytes(range(256)) * 1000
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = TUS | {"Content-Type": "application/offset+octet-stream"}


def told(**values: object) -> str:
    return ",".join(f"{key} {b64encode(str(value).encode()).decode()}" for key, value in values.items())


@pytest.fixture
def build(programme: object) -> Build:
    made = make.build(version="1.8.12")
    session().commit()
    return made


def begin(browser: FlaskClient, build: Build, size: int = len(DATA), **values: object) -> str:
    about = {"filename": "橙.zip"} | values
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": told(**about)}
    answer = browser.post(f"/builds/{build.id}/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.location)


def piece(browser: FlaskClient, place: str, offset: int, data: bytes, **headers: str) -> TestResponse:
    return browser.patch(place, data=data, headers=PIECE | {"Upload-Offset": str(offset)} | headers)


def here(browser: FlaskClient, place: str) -> int:
    return int(browser.head(place, headers=TUS).headers["Upload-Offset"])


def parts(app: Flask) -> list[Path]:
    folder = Path(app.config["DATA_DIR"]) / "files" / "builds"
    return sorted(folder.glob(".*.part")) if folder.exists() else []


def whole(browser: FlaskClient, build: Build, data: bytes = DATA, **values: object) -> str:
    place = begin(browser, build, len(data), **values)
    assert piece(browser, place, 0, data).status_code == 204
    return place


def test_a_file_comes_in_pieces_and_is_given_to_its_build(
    lins_browser: FlaskClient, build: Build, database: Flask
) -> None:
    before = parts(database)
    place = begin(lins_browser, build, device="mione_plus", sha256=hashlib.sha256(DATA).hexdigest())
    first = piece(lins_browser, place, 0, DATA[:100_000])
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "100000")
    assert first.headers["Upload-Expires"]
    assert here(lins_browser, place) == 100_000
    assert "choose the same file below again" in lins_browser.get(f"/builds/{build.id}").text
    assert piece(lins_browser, place, 100_000, DATA[100_000:]).headers["Upload-Offset"] == str(len(DATA))
    assert "being checked" in lins_browser.get(f"/builds/{build.id}/files").text
    assert tasks.store_uploads.run() == 1
    assert tasks.store_uploads.run() == 0
    artefact = session().query(Artefact).one()
    assert (artefact.device, artefact.file_name, artefact.size) == ("mione_plus", "橙.zip", len(DATA))
    assert files.path_of(artefact.file_key).read_bytes() == DATA
    assert lins_browser.get(f"/builds/{build.id}/download", buffered=True).data == DATA
    assert parts(database) == before
    assert piece(lins_browser, place, len(DATA), b"").status_code == 410


def test_what_the_server_can_is_told(lins_browser: FlaskClient, build: Build) -> None:
    answer = lins_browser.options(f"/builds/{build.id}/uploads")
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation",
        "creation-with-upload",
        "expiration",
        "checksum",
        "termination",
    }
    assert int(answer.headers["Tus-Max-Size"]) > 1 << 30


def test_another_version_of_the_protocol_is_refused_and_told_ours(lins_browser: FlaskClient, build: Build) -> None:
    answer = lins_browser.post(f"/builds/{build.id}/uploads", headers={"Tus-Resumable": "0.2.2", "Upload-Length": "1"})
    assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


def test_a_piece_out_of_order_changes_nothing(lins_browser: FlaskClient, build: Build) -> None:
    place = begin(lins_browser, build)
    assert piece(lins_browser, place, 0, DATA[:1000]).status_code == 204
    for offset in (0, 999, 1001, len(DATA)):
        assert piece(lins_browser, place, offset, b"abc"[: max(0, len(DATA) - offset)]).status_code == 409
    assert here(lins_browser, place) == 1000


def test_a_piece_whose_checksum_is_wrong_is_thrown_away(lins_browser: FlaskClient, build: Build) -> None:
    place = begin(lins_browser, build)
    right = b64encode(hashlib.sha256(DATA[:1000]).digest()).decode()
    wrong = b64encode(hashlib.sha256(b"other").digest()).decode()
    assert piece(lins_browser, place, 0, DATA[:1000], **{"Upload-Checksum": f"sha256 {wrong}"}).status_code == 460
    assert here(lins_browser, place) == 0
    assert piece(lins_browser, place, 0, DATA[:1000], **{"Upload-Checksum": f"sha256 {right}"}).status_code == 204
    for bad in ("crc32 AAAA", "sha256", "sha256 ???", "sha256 AAAA"):
        assert piece(lins_browser, place, 1000, b"x", **{"Upload-Checksum": bad}).status_code == 400


def test_a_file_that_is_not_what_its_sum_says_is_refused_and_gone(
    lins_browser: FlaskClient, build: Build, database: Flask
) -> None:
    whole(lins_browser, build, sha256="0" * 64)
    assert tasks.store_uploads.run() == 1
    upload = session().query(Upload).one()
    assert upload.state is UploadState.REFUSED
    assert session().query(Artefact).count() == 0
    assert not files.path_of(upload.file_key).exists()
    assert "SHA-256" in lins_browser.get(f"/builds/{build.id}").text
    assert lins_browser.post(f"/builds/uploads/{upload.id}/give-up").status_code == 302
    assert session().query(Upload).count() == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"Upload-Length": "-1"}, 400),
        ({"Upload-Length": "x"}, 400),
        ({"Upload-Length": "0"}, 422),
        ({"Upload-Length": "99999999999999999"}, 413),
        ({"Upload-Length": "5", "Upload-Metadata": "filename ???"}, 400),
        ({"Upload-Length": "5", "Upload-Metadata": told(sha256="abc")}, 422),
        ({"Upload-Length": "5", "Upload-Metadata": told(device="../etc")}, 422),
    ],
)
def test_what_cannot_be_begun(lins_browser: FlaskClient, build: Build, headers: dict[str, str], status: int) -> None:
    assert lins_browser.post(f"/builds/{build.id}/uploads", headers=TUS | headers).status_code == status
    assert session().query(Upload).count() == 0


def test_pieces_that_go_too_far_or_are_none_are_refused(lins_browser: FlaskClient, build: Build) -> None:
    place = begin(lins_browser, build, size=10)
    assert piece(lins_browser, place, 0, b"x" * 11).status_code == 413
    assert piece(lins_browser, place, 0, b"x", **{"Content-Type": "text/plain"}).status_code == 415
    assert lins_browser.patch(place, data=b"x", headers=PIECE).status_code == 400
    assert here(lins_browser, place) == 0
    assert lins_browser.head("/builds/uploads/99", headers=TUS).status_code == 404


def test_a_first_piece_may_come_with_the_beginning(lins_browser: FlaskClient, build: Build) -> None:
    headers = PIECE | {"Upload-Length": str(len(DATA)), "Upload-Metadata": told(filename="a.zip")}
    answer = lins_browser.post(f"/builds/{build.id}/uploads", data=DATA[:5000], headers=headers)
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "5000")


def test_a_name_with_a_path_is_only_a_name(lins_browser: FlaskClient, build: Build) -> None:
    whole(lins_browser, build, filename="../../etc/pass\x00wd\\..\\evil.apk")
    tasks.store_uploads.run()
    artefact = session().query(Artefact).one()
    assert artefact.file_name == "evil.apk"
    assert artefact.file_key.startswith("builds/")
    assert artefact.file_key.endswith(".apk")


def test_one_file_for_each_device_and_two_at_once_give_one(lins_browser: FlaskClient, build: Build) -> None:
    for device in ("mione_plus", "nexus-s", ""):
        whole(lins_browser, build, device=device)
    late = begin(lins_browser, build, device="galaxy")
    early = whole(lins_browser, build, device="galaxy")
    assert early != late
    assert piece(lins_browser, late, 0, DATA).status_code == 204
    assert tasks.store_uploads.run() == 5
    assert session().query(Artefact).count() == 4
    assert [one.state for one in session().query(Upload).order_by(Upload.id)].count(UploadState.REFUSED) == 1
    again = TUS | {"Upload-Length": "5", "Upload-Metadata": told(device="galaxy")}
    assert lins_browser.post(f"/builds/{build.id}/uploads", headers=again).status_code == 409


def test_what_is_given_up_or_stands_still_is_thrown_away(
    lins_browser: FlaskClient, build: Build, database: Flask
) -> None:
    tasks.sweep_uploads.run()  # what other tests left
    before = parts(database)
    place = begin(lins_browser, build)
    piece(lins_browser, place, 0, DATA[:10])
    assert len(parts(database)) == len(before) + 1
    assert lins_browser.delete(place, headers=TUS).status_code == 204
    assert lins_browser.head(place, headers=TUS).status_code == 404
    assert parts(database) == before
    piece(lins_browser, begin(lins_browser, build), 0, DATA[:10])
    assert tasks.sweep_uploads.run() == 0
    session().query(Upload).one().touched_at = clock.now() - KEEP_UPLOADS - timedelta(seconds=1)
    session().commit()
    assert tasks.sweep_uploads.run() == 1
    assert tasks.sweep_uploads.run() == 0
    assert parts(database) == before


def test_what_a_killed_process_left_behind_is_thrown_away(
    lins_browser: FlaskClient, build: Build, database: Flask
) -> None:
    """A part without a row, of long ago; one of today, or of an upload that is known, stays."""
    place = begin(lins_browser, build)
    piece(lins_browser, place, 0, DATA[:10])
    old, new = (files.Arriving(f"builds/{uuid4().hex}.zip") for _one in range(2))
    for one in (old, new):
        one.begin()
    long_ago = (clock.now() - KEEP_UPLOADS - timedelta(hours=1)).timestamp()
    for part in parts(database):
        if new.key.rpartition("/")[2] not in part.name:
            os.utime(part, (long_ago, long_ago))
    tasks.sweep_uploads.run()
    assert (old.is_here, new.is_here) == (False, True)
    assert here(lins_browser, place) == 10


def test_a_client_behind_a_proxy_without_patch_says_so_in_a_header(lins_browser: FlaskClient, build: Build) -> None:
    place = begin(lins_browser, build)
    headers = PIECE | {"Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert lins_browser.post(place, data=DATA[:10], headers=headers).status_code == 204
    assert here(lins_browser, place) == 10
    assert lins_browser.post(place, headers=TUS).status_code == 400


def test_nobody_goes_on_with_the_upload_of_another(lins_browser: FlaskClient, build: Build, sign_in: SignIn) -> None:
    place = begin(lins_browser, build)
    other = sign_in(make.staff("Max", Role.RELEASE))
    assert piece(other, place, 0, b"x").status_code == 404
    assert other.head(place, headers=TUS).status_code == 404


def test_a_stranger_and_a_tester_begin_nothing(client: FlaskClient, adas_browser: FlaskClient, build: Build) -> None:
    for browser, status in ((client, 401), (adas_browser, 403)):
        answer = browser.post(f"/builds/{build.id}/uploads", headers=TUS | {"Upload-Length": "5"})
        assert answer.status_code == status


def test_without_its_csrf_token_no_page_of_others_begins_one(
    database: Flask, lins_browser: FlaskClient, build: Build
) -> None:
    database.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = lins_browser.post(f"/builds/{build.id}/uploads", headers=TUS | {"Upload-Length": "5"})
    finally:
        database.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 400


def test_a_piece_waits_for_no_other_of_the_same_file(lins_browser: FlaskClient, build: Build) -> None:
    """Two connections of one client: the second is told at once, and the file is as the first wrote it."""
    place = begin(lins_browser, build)
    arriving = files.Arriving(session().query(Upload).one().file_key)
    with arriving._alone():
        assert piece(lins_browser, place, 0, b"x").status_code == 423
    assert piece(lins_browser, place, 0, b"x").status_code == 204


class Breaks(io.RawIOBase):
    """A connection that is lost after some bytes."""

    def __init__(self, data: bytes) -> None:
        self.left = data

    def readinto(self, buffer: Any) -> int:
        if not self.left:
            raise ConnectionResetError
        count = min(len(buffer), len(self.left))
        buffer[:count], self.left = self.left[:count], self.left[count:]
        return count

    def readable(self) -> bool:
        return True


def test_a_connection_that_is_lost_keeps_what_had_come(lins_browser: FlaskClient, build: Build) -> None:
    place = begin(lins_browser, build)
    broken = {"wsgi.input": io.BufferedReader(Breaks(DATA[:70_000])), "CONTENT_LENGTH": str(len(DATA))}
    answer = lins_browser.patch(place, headers=PIECE | {"Upload-Offset": "0"}, environ_overrides=broken)
    assert answer.status_code == 400
    came = here(lins_browser, place)
    assert piece(lins_browser, place, came, DATA[came:]).status_code == 204
    assert tasks.store_uploads.run() == 1
    assert session().query(Artefact).one().sha256 == hashlib.sha256(DATA).hexdigest()


def test_a_worker_that_was_killed_before_it_gave_the_file_away_is_followed_by_another(
    lins_browser: FlaskClient, build: Build
) -> None:
    whole(lins_browser, build)
    files.Arriving(session().query(Upload).one().file_key).keep()  # killed after the file took its place
    assert tasks.store_uploads.run() == 1
    assert session().query(Artefact).one().size == len(DATA)


def test_files_that_somebody_took_away_keep_no_other_from_being_looked_at(
    lins_browser: FlaskClient, build: Build
) -> None:
    whole(lins_browser, build, device="lost")
    files.Arriving(session().query(Upload).one().file_key).remove()
    assert tasks.store_uploads.run() == 0
    assert session().query(Upload).count() == 0
    for device in ("early", "late"):
        whole(lins_browser, build, device=device)
    assert tasks.store_uploads.run() == 2
    files.remove(session().query(Artefact).filter_by(device="late").one().file_key)
    assert tasks.look_at_artefacts.run() == 1
    assert session().query(Artefact).filter_by(device="early").one().looked_at is not None


SMALL_DISK = 2 << 20


@pytest.fixture
def small_disk(database: Flask, place_for_disks: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 2 MiB where the files of builds are stored."""
    with tempfile.TemporaryDirectory(dir=place_for_disks) as folder:
        assert mounted(folder, SMALL_DISK)
        monkeypatch.setitem(database.config, "DATA_DIR", folder)
        try:
            yield Path(folder)
        finally:
            unmount(folder)


def test_a_full_disk_is_told_and_the_upload_goes_on_once_there_is_room(
    lins_browser: FlaskClient, build: Build, small_disk: Path
) -> None:
    data = DATA * 6
    place = begin(lins_browser, build, len(data))
    filler = small_disk / "others"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - (len(data) // 2 & ~4095)))
    answer = piece(lins_browser, place, 0, data)
    assert answer.status_code == 507
    assert "make room" in answer.text
    came = here(lins_browser, place)
    assert 0 < came < len(data)
    filler.unlink()
    assert piece(lins_browser, place, came, data[came:]).status_code == 204
    assert tasks.store_uploads.run() == 1
    assert session().query(Artefact).one().sha256 == hashlib.sha256(data).hexdigest()
    big = TUS | {"Upload-Length": str(SMALL_DISK), "Upload-Metadata": told(device="other")}
    assert lins_browser.post(f"/builds/{build.id}/uploads", headers=big).status_code == 507


def test_memory_stays_flat_while_a_piece_comes(lins_browser: FlaskClient, build: Build) -> None:
    size = 64 << 20
    place = begin(lins_browser, build, size)
    tracemalloc.start()
    answer = lins_browser.patch(
        place,
        headers=PIECE | {"Upload-Offset": "0"},
        environ_overrides={"wsgi.input": io.BufferedReader(Endless(size)), "CONTENT_LENGTH": str(size)},
    )
    tasks.store_uploads.run()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 204
    assert peak < 16 << 20


# ------------------------------------------------------------ build machines


def machine(who: Person) -> dict[str, str]:
    token = make_api_token(who.id, "machine", ["builds:write"], at=clock.now())
    session().commit()
    return {"Authorization": f"Bearer {token}"}


def test_a_build_machine_registers_a_build_and_uploads_its_file(client: FlaskClient, lin: Person) -> None:
    key = machine(lin)
    body = {"platform": "android", "version": "1.8.12", "channel": "nightly", "notes": {"zh": "新"}, "expires_days": 30}
    made = client.post("/api/v1/builds", json=body, headers=key)
    assert made.status_code == 201
    number = made.get_json()["id"]
    begun = client.post(
        "/api/v1/uploads",
        headers=key | TUS | {"Upload-Length": str(len(DATA)), "Upload-Metadata": told(build=number, filename="a.apk")},
    )
    assert begun.status_code == 201
    assert piece(client, begun.location, 0, DATA, **key).status_code == 204
    state = f"{begun.location}/state"
    assert client.get(state, headers=key).get_json()["state"] == "arrived"
    tasks.store_uploads.run()
    assert client.get(state, headers=key).get_json() == {
        "id": session().query(Upload).one().id,
        "build": number,
        "state": "stored",
        "why": "",
        "here": len(DATA),
        "size": len(DATA),
    }


def test_a_build_machine_is_told_what_it_said_wrong(client: FlaskClient, lin: Person) -> None:
    key = machine(lin)
    good = {"platform": "android", "version": "1.8.12"}
    assert client.post("/api/v1/builds", json=good, headers=key).status_code == 201
    for body, status in (
        (good, 409),
        (good | {"version": "1.8.11"}, 409),
        (good | {"version": "1.9", "notes": {"fr": "nouveau"}}, 422),
        (good | {"version": "1.9", "channel": "two words"}, 422),
        (good | {"platform": "amiga"}, 422),
        (good | {"version": "1.9", "order": "first"}, 422),
    ):
        assert client.post("/api/v1/builds", json=body, headers=key).status_code == status, body
    assert client.post("/api/v1/uploads", headers=key | TUS | {"Upload-Length": "5"}).status_code == 422
    nobody = TUS | {"Upload-Length": "5", "Upload-Metadata": told(build=1)}
    assert client.post("/api/v1/uploads", headers=nobody).status_code == 401
    number = session().query(Build).one().id
    put = client.put(f"/api/v1/builds/{number}/file?sha256={'0' * 64}", data=b"x", headers=key)
    assert put.status_code == 422
    assert session().query(Artefact).count() == 0


def test_two_threads_writing_one_piece_never_mix(database: Flask, lins_browser: FlaskClient, build: Build) -> None:
    place = begin(lins_browser, build)
    key = session().query(Upload).one().file_key
    results: list[object] = []

    def write() -> None:
        with database.app_context():
            try:
                results.append(files.Arriving(key).append(io.BytesIO(DATA), 0, len(DATA)))
            except (files.Busy, files.Elsewhere) as refused:
                results.append(type(refused))

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(len(DATA)) == 1
    assert here(lins_browser, place) == len(DATA)


def arriving() -> files.Arriving:
    """The file of the one upload that there is."""
    return files.Arriving(session().query(Upload).one().file_key)


@pytest.mark.parametrize("asked", [True, False], ids=["asked how much is here", "not asked"])
def test_whoever_was_killed_after_the_last_byte_has_lost_nothing(
    asked: bool, lins_browser: FlaskClient, build: Build
) -> None:
    place = begin(lins_browser, build)
    arriving().append(io.BytesIO(DATA), 0, len(DATA))
    if asked:
        assert here(lins_browser, place) == len(DATA), "a client is content with this and sends nothing more"
    assert tasks.store_uploads.run() == 1
    assert session().query(Artefact).one().size == len(DATA)


def test_a_piece_counts_only_once_its_checksum_was_compared(
    lins_browser: FlaskClient, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection asks and sends, and the worker looks, just before the sum of a spoilt last piece is taken."""
    place, sync = begin(lins_browser, build), os.fsync
    wanted = files.Checksum("sha1", hashlib.sha1(DATA, usedforsecurity=False).digest())

    def meanwhile(number: int) -> None:
        sync(number)
        assert here(lins_browser, place) == 0
        assert piece(lins_browser, place, 0, b"x").status_code == 423
        assert tasks.store_uploads.run() == 0

    monkeypatch.setattr(os, "fsync", meanwhile)
    with pytest.raises(files.Spoilt):
        arriving().append(io.BytesIO(b"x" * len(DATA)), 0, len(DATA), wanted)
    monkeypatch.undo()
    assert here(lins_browser, place) == 0
    assert piece(lins_browser, place, 0, DATA).status_code == 204
    assert tasks.store_uploads.run() == 1


def test_a_piece_whose_sender_was_killed_before_it_was_compared_is_sent_again(
    lins_browser: FlaskClient, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = begin(lins_browser, build)
    piece(lins_browser, place, 0, DATA[:10])

    def killed(_number: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        arriving().append(io.BytesIO(b"x" * 5), 10, len(DATA), files.Checksum("sha1", b""))
    monkeypatch.undo()
    assert here(lins_browser, place) == 10
    assert piece(lins_browser, place, 10, DATA[10:]).status_code == 204
    assert tasks.store_uploads.run() == 1


def test_whoever_comes_second_to_a_place_is_told_at_once(lins_browser: FlaskClient, build: Build) -> None:
    late = begin(lins_browser, build)
    piece(lins_browser, late, 0, DATA[:10])
    first = begin(lins_browser, build)
    piece(lins_browser, first, 0, DATA)
    assert tasks.store_uploads.run() == 1
    refused = piece(lins_browser, late, 10, DATA[10:])
    assert refused.status_code == 410
    assert "Another file came first" in refused.text


def test_whoever_looks_after_builds_takes_off_what_another_began(
    lins_browser: FlaskClient, build: Build, sign_in: SignIn
) -> None:
    begin(lins_browser, build)
    number = session().query(Upload).one().id
    kim = sign_in(make.staff("Kim", Role.RELEASE))
    page = kim.get(f"/builds/{build.id}").text
    assert "Whoever began it" in page
    assert kim.post(f"/builds/uploads/{number}/give-up").status_code == 302
    assert session().query(Upload).count() == 0


def test_a_package_that_cannot_be_read_is_told(lins_browser: FlaskClient, build: Build) -> None:
    whole(lins_browser, build, b"no package", filename="fake.apk")
    tasks.store_uploads.run()
    tasks.look_at_artefacts.run()
    assert "No package could be read" in lins_browser.get(f"/builds/{build.id}").text


@pytest.mark.parametrize(
    ("headers", "offset"), [({"Upload-Metadata": "filename \u00e9"}, None), ({"Upload-Checksum": "sha1 \u00e9"}, 0)]
)
def test_headers_outside_ascii_are_told(
    headers: dict[str, str], offset: int | None, lins_browser: FlaskClient, build: Build
) -> None:
    if offset is None:
        answer = lins_browser.post(f"/builds/{build.id}/uploads", headers=TUS | {"Upload-Length": "5"} | headers)
    else:
        answer = piece(lins_browser, begin(lins_browser, build), offset, b"x", **headers)
    assert answer.status_code == 400


def test_a_signature_outside_ascii_is_told(lins_browser: FlaskClient, build: Build) -> None:
    whole(lins_browser, build)
    tasks.store_uploads.run()
    address = f"/builds/artefacts/{session().query(Artefact).one().id}/signature"
    page = lins_browser.post(address, data={"signature": "签名"}, follow_redirects=True).text
    assert "no signature of Tauri" in page


def test_a_full_disk_is_told_to_one_curl_line_too(
    client: FlaskClient, lin: Person, build: Build, small_disk: Path
) -> None:
    answer = client.put(f"/api/v1/builds/{build.id}/file?name=a.apk", data=b"x" * (5 << 20), headers=machine(lin))
    assert answer.status_code == 507
    assert "disk is full" in answer.text
    assert [*small_disk.rglob("*.part")] == []


def test_what_was_stored_for_a_build_and_never_given_to_it_is_thrown_away(
    lins_browser: FlaskClient, build: Build
) -> None:
    """Whoever received it was killed before they could say so."""
    whole(lins_browser, build)
    tasks.store_uploads.run()
    kept = session().query(Artefact).one().file_key
    stray = files.store(io.BytesIO(DATA), "builds", suffix=".zip").key
    tasks.sweep_uploads.run()  # what other tests left
    for key in (kept, stray):
        os.utime(files.path_of(key), (0, 0))
    assert tasks.sweep_uploads.run() == 1
    assert files.path_of(kept).exists()
    assert not files.path_of(stray).exists()


def test_a_file_sent_in_one_piece_that_breaks_off_is_not_stored(client: FlaskClient, lin: Person) -> None:
    """gunicorn ends the body of a line that broke off as if that were all of it."""
    build = make.build()
    session().commit()
    address, headers = f"/api/v1/builds/{build.id}/file?name=a.apk", machine(lin)
    before = set(files.path_of("builds").glob("*"))
    cut = {"CONTENT_LENGTH": "5000000", "wsgi.input_terminated": True}
    answer = client.put(address, data=b"x" * 2_000, headers=headers, environ_overrides=cut)
    assert (answer.status_code, "broke off" in answer.text) == (422, True)
    assert set(files.path_of("builds").glob("*")) == before
    assert client.put(address, data=b"x" * 2_000, headers=headers).status_code == 200, "it is sent again"
