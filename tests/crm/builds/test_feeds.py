"""Update feeds: what each updater reads, who is offered what, and what a device tells by asking."""

from __future__ import annotations

import hashlib
import io
import json
import plistlib
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask.testing import FlaskClient
from sqlalchemy import update
from xmlschema import XMLSchema

from crm.accounts.actions import end_agreement
from crm.builds import tasks
from crm.builds.actions import (
    grant_access,
    hold_build,
    keep_file,
    register_build,
    resume_build,
    withdraw_build,
    write_notes,
)
from crm.builds.actions.feeds import make_feed_key, note_update_check, revoke_feed_keys
from crm.builds.models import Artefact, Build, BuildNote, CheckIn
from crm.builds.queries import LINK_LIVES
from crm.builds.queries.feeds import feed_token, public_key, unknown_versions
from crm.builds.rules import CheckInKind
from crm.builds.rules.feeds import FORMATS, SPARKLE, running_version
from crm.core import clock
from crm.core.db import session
from crm.core.tokens import whole_address
from crm.invites.queries import qr
from crm.people.actions import merge
from crm.people.models import Person
from tests import make
from tests.make import T0

DATA = bytes(range(256)) * 500


def given(who: Person, platform: str, version: str, *, days: int = 0, data: bytes = DATA, at: datetime = T0) -> Build:
    at += timedelta(days=days)
    build = register_build(platform, version, {"en": "Faster & smaller", "zh": "更快<更小>"}, at=at)
    keep_file(build.id, io.BytesIO(data), f"橙 {version}.bin", at=at)
    grant_access(build.id, [who.id], at=at, granted_by="test")
    session().commit()
    tasks.look_at_artefacts()
    return build


@pytest.fixture
def start(ada: Person) -> str:
    key = make_feed_key(ada.id, T0)
    session().commit()
    return f"/f/{feed_token(key.id)}"


def parsed(xml: bytes) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314 -- our own answer


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def test_sparkle_reads_the_newest_build_and_its_signature_holds(client: FlaskClient, ada: Person, start: str) -> None:
    given(ada, "macos", "1.0")
    given(ada, "macos", "1.1", days=7)
    answer = client.get(f"{start}/macos/appcast.xml")
    assert answer.mimetype == "application/rss+xml"
    items = parsed(answer.data).findall("channel/item")
    assert [item.findtext(f"{{{SPARKLE}}}version") for item in items] == ["1.1"]
    enclosure = items[0].find("enclosure")
    assert enclosure is not None
    file = client.get(path_of(enclosure.attrib["url"]), buffered=True).data
    assert file == DATA
    assert int(enclosure.attrib["length"]) == len(file)
    known = public_key()
    assert known is not None
    signature = b64decode(enclosure.attrib[f"{{{SPARKLE}}}edSignature"])
    Ed25519PublicKey.from_public_bytes(b64decode(known)).verify(signature, file)
    assert items[0].findtext("description") in {"Faster & smaller", "更快<更小>"}


def test_an_appcast_is_what_its_schema_says(client: FlaskClient, ada: Person, start: str) -> None:
    """With a build and without one; and the schema tells what is none."""
    schema = XMLSchema(Path(__file__).with_name("appcast.xsd"))
    schema.validate(client.get(f"{start}/macos/appcast.xml").text)
    given(ada, "macos", "1.0")
    appcast = client.get(f"{start}/macos/appcast.xml").text
    schema.validate(appcast)
    for wrong in (appcast.replace("length=", "size="), appcast.replace("pubDate", "date"), appcast.replace("2.0", "3")):
        assert not schema.is_valid(wrong)


@pytest.mark.parametrize(("platform", "file"), [("windows", ""), ("macos", "-mac"), ("linux", "-linux")])
def test_electron_updater_reads_yaml_with_the_sum_of_the_file(
    client: FlaskClient, ada: Person, start: str, platform: str, file: str
) -> None:
    given(ada, platform, "2.0.1")
    read = yaml.safe_load(client.get(f"{start}/{platform}/latest{file}.yml").data)
    assert (read["version"], read["files"][0]["size"]) == ("2.0.1", len(DATA))
    assert b64decode(read["files"][0]["sha512"]) == hashlib.sha512(DATA).digest() == b64decode(read["sha512"])
    assert client.get(path_of(read["path"]), buffered=True).data == DATA


def test_lineage_reads_its_documented_fields(client: FlaskClient, ada: Person, start: str) -> None:
    given(ada, "firmware", "1.8.12")
    (entry,) = client.get(f"{start}/firmware/updater.json").get_json()["response"]
    assert {name: type(value) for name, value in entry.items()} == {
        "datetime": int,
        "filename": str,
        "id": str,
        "romtype": str,
        "size": int,
        "url": str,
        "version": str,
    }
    assert (entry["datetime"], entry["id"]) == (int(T0.timestamp()), hashlib.sha256(DATA).hexdigest())


def test_an_updater_of_ones_own_reads_json(client: FlaskClient, ada: Person, start: str) -> None:
    given(ada, "android", "3.0")
    told = client.get(f"{start}/android/build.json").get_json()["build"]
    assert (told["version"], told["sha256"], told["size"]) == ("3.0", hashlib.sha256(DATA).hexdigest(), len(DATA))


def ipa(info: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Payload/Orange.app/Info.plist", info)
    return out.getvalue()


def test_an_iphone_installs_over_the_air(client: FlaskClient, ada: Person, start: str) -> None:
    data = ipa(plistlib.dumps({"CFBundleIdentifier": "example.orange"}, fmt=plistlib.FMT_BINARY))
    given(ada, "ios", "4.0", data=data)
    (item,) = plistlib.loads(client.get(f"{start}/ios/manifest.plist").data)["items"]
    assert item["metadata"]["bundle-identifier"] == "example.orange"
    assert client.get(path_of(item["assets"][0]["url"]), buffered=True).data == data


def test_a_build_on_hold_is_gone_from_the_next_answer_and_comes_back(
    client: FlaskClient, ada: Person, start: str
) -> None:
    given(ada, "linux", "1.0")
    newer = given(ada, "linux", "1.1", days=7)

    def offered() -> str:
        told: str = client.get(f"{start}/linux/build.json").get_json()["build"]["version"]
        return told

    assert offered() == "1.1"
    for change, then in ((hold_build, "1.0"), (resume_build, "1.1"), (withdraw_build, "1.0")):
        change(newer.id, T0)
        session().commit()
        assert offered() == then


def test_who_has_nothing_or_has_left_is_told_so_without_an_error(client: FlaskClient, ada: Person, start: str) -> None:
    def all_feeds() -> list[bytes]:
        answers = [client.get(f"{start}/{form.platforms[0]}/{form.file}") for form in FORMATS]
        assert {answer.status_code for answer in answers} == {200, 204}
        return [answer.data for answer in answers]

    nothing = all_feeds()
    assert yaml.safe_load(nothing[1])["version"] == "0.0.0"
    for number, form in enumerate(FORMATS):
        given(ada, form.platforms[0], f"1.{number}")
    end_agreement(ada.id, at=T0, reason="left")
    session().commit()
    assert all_feeds() == nothing


def test_nobody_reads_with_an_address_that_was_made_up_or_revoked(client: FlaskClient, ada: Person, start: str) -> None:
    given(ada, "linux", "1.0")
    assert client.get(f"{start}x/linux/build.json").status_code == 404
    assert client.get("/f/forged/linux/build.json").status_code == 404
    assert client.get(f"{start}/linux/appcast.xml").status_code == 404
    assert client.get(f"{start}/amiga/build.json").status_code == 404
    revoke_feed_keys(ada.id, T0)
    session().commit()
    assert client.get(f"{start}/linux/build.json").status_code == 404


def test_a_tester_makes_new_addresses_and_the_old_ones_open_nothing(
    client: FlaskClient, ada: Person, start: str, adas_browser: FlaskClient
) -> None:
    given(ada, "linux", "1.0")
    adas_browser.post("/my-feeds")
    page = adas_browser.get("/my-feeds").text
    assert start not in page
    assert client.get(f"{start}/linux/build.json").status_code == 404
    mine = next(part.split('"')[0] for part in page.split('value="') if "/linux/build.json" in part.split('"')[0])
    assert client.get(path_of(mine)).get_json()["build"]["version"] == "1.0"
    adas_browser.post("/my-feeds/revoke")
    assert client.get(path_of(mine)).status_code == 404
    assert "/linux/build.json" not in adas_browser.get("/my-feeds").text


def test_each_address_has_its_qr_code(client: FlaskClient, ada: Person, start: str, adas_browser: FlaskClient) -> None:
    given(ada, "linux", "1.0")
    page = adas_browser.get("/my-feeds").text
    picture, address = "/my-feeds/linux/build.json/qr.svg", whole_address(f"{start}/linux/build.json")
    assert f'src="{picture}"' in page
    assert f'value="{address}"' in page
    code = adas_browser.get(picture)
    assert (code.mimetype, code.data) == ("image/svg+xml", qr(address)), "a camera reads what the page says"
    assert code.headers["Cache-Control"] == "no-store"
    assert client.get(picture).status_code == 302, "to signing in"
    assert adas_browser.get("/my-feeds/linux/appcast.xml/qr.svg").status_code == 404, "no feed of Linux"
    adas_browser.post("/my-feeds/revoke")
    assert adas_browser.get(picture).status_code == 404


def test_two_records_made_one_keep_the_devices_address(client: FlaskClient, ada: Person, start: str) -> None:
    given(ada, "linux", "1.0")
    stays = make.tester("Ada L.")
    merge(ada.id, stays.id, at=T0)
    session().commit()
    assert client.get(f"{start}/linux/build.json").get_json()["build"]["version"] == "1.0"


def test_what_has_not_changed_is_not_sent_again(client: FlaskClient, ada: Person, start: str) -> None:
    build = given(ada, "macos", "1.0")
    address = f"{start}/macos/appcast.xml"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    hold_build(build.id, T0)
    session().commit()
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_who_sends_the_day_of_the_last_change_back_is_told_when_it_is_another(
    client: FlaskClient, ada: Person, start: str
) -> None:
    """A held build's feed goes back to an older one: a day that is not exactly ours is no reason for a 304."""
    address = f"{start}/macos/appcast.xml"
    assert "Last-Modified" not in client.get(address).headers

    def asked(since: str, **more: str) -> int:
        return client.get(address, headers={"If-Modified-Since": since, **more}).status_code

    now = clock.now().replace(microsecond=0)
    given(ada, "macos", "1.0", at=now - timedelta(days=9))
    first = client.get(address).headers["Last-Modified"]
    newer = given(ada, "macos", "1.1", at=now - timedelta(days=3))
    assert asked(first) == 200
    second = client.get(address).headers["Last-Modified"]
    assert parsedate_to_datetime(second) == now - timedelta(days=3)
    assert asked(second) == 304
    assert asked(second, **{"If-None-Match": '"another"'}) == 200
    write_notes(newer.id, {"en": "Other notes"}, at=now - timedelta(days=2))
    session().commit()
    assert asked(second) == 200
    third = client.get(address).headers["Last-Modified"]
    assert asked(third) == 304
    hold_build(newer.id, now)
    session().commit()
    assert asked(third) == 200
    assert client.get(address).headers["Last-Modified"] == first


def test_a_link_that_may_have_ended_is_sent_again(client: FlaskClient, ada: Person, start: str) -> None:
    given(ada, "macos", "1.0", at=clock.now() - LINK_LIVES)
    address = f"{start}/macos/appcast.xml"
    told = client.get(address).headers["Last-Modified"]
    assert client.get(address, headers={"If-Modified-Since": told}).status_code == 200


def test_a_feed_asks_the_database_once(
    client: FlaskClient, ada: Person, start: str, queries_of: Callable[[Callable[[], object]], int]
) -> None:
    for number in range(5):
        given(ada, "linux", f"1.{number}", days=number)
    address = f"{start}/linux/build.json"
    client.get(address)
    assert queries_of(lambda: client.get(address)) <= 2  # the programme, and the offer


@pytest.mark.parametrize(
    ("stated", "agent", "running"),
    [
        ("1.2", "", "1.2"),
        (None, "Orange Notes/1.2.3 Sparkle/2.6.4", "1.2.3"),
        (None, "Orange/7 WinSparkle/0.8.1", "7"),
        (None, "Mozilla/5.0 (X11)", None),
        ("", "curl/8", None),
        ("x" * 201, "", None),
        ("1\n2", "", None),
    ],
)
def test_the_running_version_is_stated_or_told_by_sparkle(stated: str | None, agent: str, running: str | None) -> None:
    assert running_version(stated, agent) == running


def checks() -> list[tuple[str, int | None, CheckInKind]]:
    return [(one.version, one.build_id, one.kind) for one in session().query(CheckIn).order_by(CheckIn.id)]


def test_an_update_check_that_names_what_runs_is_a_check_in_once_a_day(
    client: FlaskClient, ada: Person, start: str
) -> None:
    build = given(ada, "macos", "1.0")
    agent = {"User-Agent": "Orange/1.0 Sparkle/2.6"}
    for _ in range(3):
        client.get(f"{start}/macos/appcast.xml", headers=agent)
        client.get(f"{start}/macos/build.json?version=0.9")
        client.get(f"{start}/macos/build.json")
    session().expire_all()
    assert sorted(checks()) == [
        ("0.9", None, CheckInKind.UPDATE_CHECK),
        ("1.0", build.id, CheckInKind.UPDATE_CHECK),
    ]


def test_each_day_and_platform_has_its_own_update_check(ada: Person) -> None:
    for days in (0, 0, 1):
        note_update_check(ada.id, "1.0", "macos", T0 + timedelta(days=days))
    note_update_check(ada.id, "1.0", "windows", T0)
    assert len(checks()) == 3


def test_versions_that_nobody_registered_are_shown_with_their_people(
    ada: Person, bo: Person, lins_browser: FlaskClient
) -> None:
    for who in (ada, bo):
        note_update_check(who.id, "9.9-nightly", "macos", T0)
    session().commit()
    assert [(one.version, one.people) for one in unknown_versions()] == [("9.9-nightly", 2)]
    page = lins_browser.get("/builds/feeds").text
    assert "9.9-nightly" in page
    assert "/people?ran_version=9.9-nightly" in page
    people = lins_browser.get("/people?ran_version=9.9-nightly").text
    assert "Ada" in people
    assert "Bo" in people


def proof(build: Build) -> str | None:
    return session().query(Artefact).filter_by(build_id=build.id).one().ed25519


def test_files_are_summed_and_signed_once(ada: Person) -> None:
    build = given(ada, "macos", "1.0")
    before = proof(build)
    assert tasks.look_at_artefacts.run() == 0
    late = register_build("macos", "0.1", {}, at=T0 - timedelta(days=700))
    keep_file(late.id, io.BytesIO(b"old"), "old.dmg", at=T0)
    session().commit()
    assert tasks.look_at_artefacts.run() == 1
    assert proof(build) == before != proof(late)


def test_notes_with_characters_that_xml_cannot_hold_break_no_feed(client: FlaskClient, ada: Person, start: str) -> None:
    """As they could be written once."""
    build = register_build("macos", "1.0", {"en": "a"}, at=T0)
    session().execute(update(BuildNote).values(body="a\x0bb\x01"))
    keep_file(build.id, io.BytesIO(b"x"), "x", at=T0)
    grant_access(build.id, [ada.id], at=T0, granted_by="test")
    session().commit()
    tasks.look_at_artefacts()
    read = parsed(client.get(f"{start}/macos/appcast.xml").data)
    assert read.findtext("channel/item/description") == "a b "
    assert json.loads(client.get(f"{start}/macos/build.json").data)["build"]["notes"].startswith("a")


SIGNATURE = b64encode(b"untrusted comment: signature from tauri secret key\nRUTxyz\ntrusted comment: 1\nabc==").decode()


def test_tauri_is_told_of_signed_files_only_and_else_of_nothing(
    client: FlaskClient, ada: Person, start: str, lins_browser: FlaskClient
) -> None:
    build = given(ada, "linux", "2.0.0")
    feed = f"{start}/linux/tauri.json"
    nothing = client.get(feed)
    assert (nothing.status_code, nothing.data) == (204, b"")
    artefact = session().query(Artefact).filter_by(build_id=build.id).one()
    place = f"/builds/artefacts/{artefact.id}/signature"
    for bad in ("", "not base64 ?", b64encode(b"something").decode()):
        lins_browser.post(place, data={"signature": bad})
        assert client.get(feed).status_code == 204
    assert lins_browser.post(place, data={"signature": f" {SIGNATURE[:40]}\n{SIGNATURE[40:]}\n"}).status_code == 302
    told = client.get(feed)
    assert {key: told.get_json()[key] for key in ("version", "signature")} == {
        "version": "2.0.0",
        "signature": SIGNATURE,
    }
    assert client.get(path_of(told.get_json()["url"]), buffered=True).data == DATA
    assert client.get(feed, headers={"If-None-Match": told.headers["ETag"]}).status_code == 304
    assert lins_browser.post(place, data={"signature": SIGNATURE}).status_code == 409


@pytest.mark.parametrize("sign", ["\x7f", "\x96", "\u2028", "\ufffe"])
def test_no_sign_in_notes_breaks_the_feed_of_electron(sign: str, client: FlaskClient, ada: Person, start: str) -> None:
    build = register_build("linux", "1.0.0", {"en": "a"}, at=T0)
    keep_file(build.id, io.BytesIO(b"x"), "a.AppImage", at=T0)
    grant_access(build.id, [ada.id], at=T0, granted_by="test")
    session().execute(update(BuildNote).values(body=f"橙 {sign}!"))
    session().commit()
    tasks.look_at_artefacts()
    read = yaml.safe_load(client.get(f"{start}/linux/latest-linux.yml").data)
    assert read["releaseNotes"] == f"橙 {sign}!"
