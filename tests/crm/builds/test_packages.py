"""What packages say of themselves; and those that lie, break or swell."""

from __future__ import annotations

import io
import os
import plistlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image

from crm.builds import tasks
from crm.builds.actions import keep_file
from crm.builds.actions.looking import package_of
from crm.builds.models import Artefact, Build
from crm.builds.rules.packages import MOST, read_package
from crm.core.db import session
from crm.core.programme import Programme
from tests import make
from tests.make import T0

APK = Path(__file__).with_name("orange.apk")
"""Made with Debian's aapt from a manifest of ours and an orange square."""


def zipped(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def icns() -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (128, 128), "orange").save(out, "ICNS")
    return out.getvalue()


def read(data: bytes) -> dict[str, Any]:
    return read_package(io.BytesIO(data))


def test_an_android_app_tells_its_name_version_and_system() -> None:
    told = read(APK.read_bytes())
    assert (told["app_id"], told["app_name"], told["app_version"]) == ("example.orange", "Orange 橙", "1.8.12")
    assert told["needs_os"] == "Android 5.0 (API 21)"
    assert told["icon"]


def test_an_iphone_app_and_a_mac_app_tell_theirs() -> None:
    about = {
        "CFBundleIdentifier": "example.orange",
        "CFBundleDisplayName": "橙",
        "CFBundleShortVersionString": "2.1",
        "MinimumOSVersion": "16.0",
    }
    told = read(zipped(**{"Payload/Orange.app/Info.plist": plistlib.dumps(about, fmt=plistlib.FMT_BINARY)}))
    assert told == {
        "app_id": "example.orange",
        "app_name": "橙",
        "app_version": "2.1",
        "needs_os": "iOS 16.0",
        "icon": None,
    }
    mac = about | {"LSMinimumSystemVersion": "13.0", "CFBundleIconFile": "Orange"}
    told = read(
        zipped(
            **{
                "Orange.app/Contents/Info.plist": plistlib.dumps(mac),
                "Orange.app/Contents/Resources/Orange.icns": icns(),
            }
        )
    )
    assert told["needs_os"] == "macOS 13.0"
    assert told["icon"]


def test_a_firmware_tells_its_device_and_number() -> None:
    told = read(zipped(**{"META-INF/com/android/metadata": b"pre-device=mione_plus\npost-build-incremental=1.8.12\n"}))
    assert (told["app_id"], told["app_version"]) == ("mione_plus", "1.8.12")


@pytest.mark.parametrize(
    "data",
    [
        b"no zip",
        b"PK\x03\x04" + b"\0" * 40,
        zipped(**{"readme.txt": b"x"}),
        APK.read_bytes()[:-30],
        zipped(**{"AndroidManifest.xml": b"<manifest/>"}),
        zipped(**{"Payload/Orange.app/Info.plist": b"no plist"}),
        zipped(**{"Payload/Orange.app/Info.plist": plistlib.dumps({"CFBundleIdentifier": ["a"]})}),
    ],
)
def test_what_is_no_sound_package_tells_nothing(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(data)
    assert not any(package_of(file).values())


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """Its manifest has 64 times what is read of any entry; the process that looks at it stays under its limit."""
    file = tmp_path / "bomb.apk"
    file.write_bytes(zipped(**{"AndroidManifest.xml": b"\0" * (64 * MOST)}))
    assert package_of(file) == {}


def test_a_package_is_looked_at_once_it_is_stored(programme: Programme, lins_browser: FlaskClient) -> None:
    build = make.build(version="1.8.12")
    keep_file(build.id, io.BytesIO(APK.read_bytes()), "orange.apk", at=T0)
    session().commit()
    assert "being looked at" in lins_browser.get(f"/builds/{build.id}").text
    assert tasks.look_at_artefacts.run() == 1
    assert tasks.look_at_artefacts.run() == 0
    artefact = session().query(Artefact).one()
    page = lins_browser.get(f"/builds/{build.id}").text
    assert "Android 5.0 (API 21)" in page
    assert "Orange 橙" in page
    assert "The package says" not in page
    icon = lins_browser.get(f"/builds/artefacts/{artefact.id}/icon.png", buffered=True)
    assert Image.open(io.BytesIO(icon.data)).size == (48, 48)


def test_a_package_of_another_version_is_told(programme: Programme, lins_browser: FlaskClient) -> None:
    build: Build = make.build(version="9.0")
    keep_file(build.id, io.BytesIO(APK.read_bytes()), "orange.apk", at=T0)
    session().commit()
    tasks.look_at_artefacts.run()
    assert "The package says it is 1.8.12" in lins_browser.get(f"/builds/{build.id}").text


def test_an_icon_that_is_too_large_keeps_nothing_else_unread(tmp_path: Path) -> None:
    info = plistlib.dumps({"CFBundleIdentifier": "org.orange", "CFBundleShortVersionString": "1.8"})
    place = tmp_path / "big.ipa"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Payload/Orange.app/Info.plist", info)
        archive.writestr("Payload/Orange.app/AppIcon60x60.png", b"\0" * (MOST + 1))
    found = package_of(place)
    assert (found["app_id"], found["app_version"], found["icon"]) == ("org.orange", "1.8", None)


def test_an_icon_starts_no_other_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow hands PostScript, under whatever name, to Ghostscript."""
    called = tmp_path / "called"
    stand_in = tmp_path / "gs"
    stand_in.write_text(f"#!/bin/sh\nenv > {called}\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    place = tmp_path / "evil.ipa"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("Payload/A.app/Info.plist", plistlib.dumps({"CFBundleIdentifier": "a"}))
        archive.writestr("Payload/A.app/AppIcon.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n")
    assert package_of(place)["icon"] is None
    assert not called.exists()
