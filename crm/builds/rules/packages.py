"""What a package says of itself. Pure, but for its command: `python -m crm.builds.rules.packages FILE`.

Read are Android's .apk (its manifest with apkInspector), iOS's .ipa, a macOS app in a .zip, and the update .zip of
a firmware (META-INF/com/android/metadata). Nothing is unpacked to disk, and of no entry more than MOST bytes are read.
"""

from __future__ import annotations

import io
import json
import plistlib
import re
import sys
import zipfile
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

MOST = 8 << 20
MEMORY = 1 << 30
SECONDS = 20
LONGEST = 200
ICON = 128
PICTURES = ("PNG", "WEBP", "ICNS")
"""No others: for some, Pillow starts programs that it finds."""
ANDROID = "{http://schemas.android.com/apk/res/android}"
API_LEVELS = {19: "4.4", 21: "5.0", 22: "5.1", 23: "6", 24: "7.0", 25: "7.1", 26: "8.0", 27: "8.1", 28: "9"}
API_LEVELS |= {29: "10", 30: "11", 31: "12", 32: "12L", 33: "13", 34: "14", 35: "15", 36: "16"}
"""Versions of Android by API level: https://apilevels.com."""
_APP = re.compile(r"Payload/[^/]+\.app/Info\.plist|(?:[^/]+/)?[^/]+\.app/Contents/Info\.plist")
_LAUNCHER = re.compile(r"res/(mipmap|drawable)[^/]*/ic_launcher\.(png|webp)")
_METADATA = "META-INF/com/android/metadata"


def _entry(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as entry:
        found = entry.read(MOST + 1)
    if len(found) > MOST:
        raise ValueError(f"{name} unpacks to more than {MOST} bytes")
    return found


def _largest(archive: zipfile.ZipFile, names: Iterable[str]) -> bytes | None:
    """The best of several icons; one that is too large is none, and keeps nothing else from being read."""
    fit = [name for name in names if archive.getinfo(name).file_size <= MOST]
    return max((_entry(archive, name) for name in fit), key=len, default=None)


def _android(archive: zipfile.ZipFile) -> dict[str, Any]:
    from apkInspector.axml import get_manifest  # type: ignore[import-untyped]  # noqa: PLC0415 -- only the command needs it

    root = ET.fromstring(get_manifest(io.BytesIO(_entry(archive, "AndroidManifest.xml"))))  # noqa: S314 -- our own text
    sdk, app = root.find("uses-sdk"), root.find("application")
    level = sdk.get(f"{ANDROID}minSdkVersion", "") if sdk is not None else ""
    known = API_LEVELS.get(int(level)) if level.isdecimal() else None
    icons = [name for name in archive.namelist() if _LAUNCHER.fullmatch(name)]
    return {
        "app_id": root.get("package"),
        "app_name": app.get(f"{ANDROID}label") if app is not None else None,
        "app_version": root.get(f"{ANDROID}versionName"),
        "needs_os": f"Android {known} (API {level})" if known else f"API {level}" if level else None,
        "icon": _largest(archive, icons),
    }


def _apple(archive: zipfile.ZipFile, info: str) -> dict[str, Any]:
    told = plistlib.loads(_entry(archive, info))
    folder = info.rpartition("/")[0]
    mac = folder.endswith("/Contents")
    least = told.get("LSMinimumSystemVersion" if mac else "MinimumOSVersion")
    icon = str(told.get("CFBundleIconFile") or "")
    named = f"{folder}/Resources/{icon if icon.endswith('.icns') else icon + '.icns'}"
    icons = [
        name
        for name in archive.namelist()
        if (name == named if mac else name.startswith(f"{folder}/AppIcon") and name.endswith(".png"))
    ]
    return {
        "app_id": told.get("CFBundleIdentifier"),
        "app_name": told.get("CFBundleDisplayName") or told.get("CFBundleName"),
        "app_version": told.get("CFBundleShortVersionString") or told.get("CFBundleVersion"),
        "needs_os": f"{'macOS' if mac else 'iOS'} {least}" if least else None,
        "icon": _largest(archive, icons),
    }


def _firmware(archive: zipfile.ZipFile) -> dict[str, Any]:
    lines = _entry(archive, _METADATA).decode("utf-8", "replace").splitlines()
    told = dict(line.partition("=")[::2] for line in lines)
    return {"app_id": told.get("pre-device"), "app_version": told.get("post-build-incremental")}


def _line(value: Any) -> str | None:
    """One printable line; a reference into a table of resources, which nobody looks up here, is none."""
    if not isinstance(value, str) or value.startswith("@") or not value.strip():
        return None
    return "".join(c for c in value if c.isprintable())[:LONGEST] or None


def _picture(raw: bytes | None) -> str | None:
    """A small PNG, base64; None for what no browser would show either."""
    if raw is None:
        return None
    from PIL import Image  # noqa: PLC0415 -- only the command needs it

    try:
        with Image.open(io.BytesIO(raw), formats=PICTURES) as found:
            found.thumbnail((ICON, ICON))
            out = io.BytesIO()
            found.convert("RGBA").save(out, "PNG")
    except Exception:  # noqa: BLE001 -- a picture may break its decoder in any way; it is then none
        return None
    return b64encode(out.getvalue()).decode()


def read_package(file: BinaryIO) -> dict[str, str | None]:
    """Empty for what is no package of these kinds. Raises whatever a broken one makes its readers raise."""
    if not zipfile.is_zipfile(file):
        return {}
    with zipfile.ZipFile(file) as archive:
        names = set(archive.namelist())
        info = min((name for name in names if _APP.fullmatch(name)), key=len, default=None)
        if "AndroidManifest.xml" in names:
            told = _android(archive)
        elif info is not None:
            told = _apple(archive, info)
        elif _METADATA in names:
            told = _firmware(archive)
        else:
            return {}
    icon = _picture(told.pop("icon", None))
    return {key: _line(value) for key, value in told.items()} | {"icon": icon}


def _stay_small() -> None:
    try:
        import resource  # noqa: PLC0415 -- not on every system
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


if __name__ == "__main__":
    _stay_small()
    with Path(sys.argv[1]).open("rb") as package:
        json.dump(read_package(package), sys.stdout)
