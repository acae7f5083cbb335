"""Update feeds, each as its clients read it. Pure.

Sparkle and WinSparkle: https://sparkle-project.org/documentation/publishing. electron-updater: the generic provider's
`latest*.yml`. LineageOS: the updater's README. iOS: the manifest of an over-the-air installation.
Tauri: the dynamic update server of its updater's guide.
"""

from __future__ import annotations

import json
import plistlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import StrEnum
from xml.etree import ElementTree as ET

from crm.builds.rules import LONGEST_VERSION

SPARKLE = "http://www.andymatuschak.org/xml-namespaces/sparkle"
NOTHING_YET = "0.0.0"  # older than any version: an updater that must be told one stays where it is
_SPARKLE_AGENT = re.compile(r"^.{1,200}?/(\S+) (?:Win)?Sparkle/")
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML cannot hold
DAY = "%Y-%m-%d"


@dataclass(frozen=True)
class Offer:
    """The build that one person may have now, and their own address of its file. Size in bytes; sha256 in hex."""

    version: str
    published_at: datetime
    notes: str
    url: str
    file_name: str
    size: int
    sha256: str
    sha512: str | None
    ed25519: str | None
    app_id: str | None
    minisign: str | None


class Needs(StrEnum):
    """Which files a format can tell of: any, those that have been looked at, those with their makers' signature."""

    FILE = "file"
    PROOF = "proof"
    MINISIGN = "minisign"


@dataclass(frozen=True)
class Format:
    """`file` ends the address; `write` makes the body, of no offer too: an empty one is told as 204."""

    key: str
    file: str
    kind: str
    platforms: tuple[str, ...]
    write: Callable[[Offer | None, str], bytes]
    needs: Needs = Needs.FILE


def _xml(root: ET.Element) -> bytes:
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.astimezone(UTC).microsecond // 1000:03d}Z"


def appcast(offer: Offer | None, title: str) -> bytes:
    """An RSS channel with one item at most."""
    ET.register_namespace("sparkle", SPARKLE)
    root = ET.Element("rss", {"version": "2.0"})
    channel = ET.SubElement(root, "channel")
    ET.SubElement(channel, "title").text = title
    if offer is not None:
        item = ET.SubElement(channel, "item")
        ET.SubElement(item, "title").text = offer.version
        ET.SubElement(item, "pubDate").text = format_datetime(offer.published_at.astimezone(UTC))
        ET.SubElement(item, f"{{{SPARKLE}}}version").text = offer.version
        ET.SubElement(item, f"{{{SPARKLE}}}shortVersionString").text = offer.version
        if offer.notes:
            notes = ET.SubElement(item, "description", {f"{{{SPARKLE}}}format": "plain-text"})
            notes.text = _NO_XML.sub(" ", offer.notes)
        about = {"url": offer.url, "length": str(offer.size), "type": "application/octet-stream"}
        ET.SubElement(item, "enclosure", about | {f"{{{SPARKLE}}}edSignature": offer.ed25519 or ""})
    return _xml(root)


def latest_yml(offer: Offer | None, _title: str) -> bytes:
    """YAML's double-quoted texts are JSON's."""
    if offer is None:
        lines = [f'version: "{NOTHING_YET}"', "files: []", 'path: ""', 'sha512: ""', f"releaseDate: {_quoted(NEVER)}"]
        return ("\n".join(lines) + "\n").encode()
    url, sum_ = _quoted(offer.url), _quoted(offer.sha512 or "")
    lines = [
        f"version: {_quoted(offer.version)}",
        "files:",
        f"  - url: {url}",
        f"    sha512: {sum_}",
        f"    size: {offer.size}",
        f"path: {url}",
        f"sha512: {sum_}",
        f"releaseDate: {_quoted(_utc(offer.published_at))}",
    ]
    if offer.notes:
        lines.append(f"releaseNotes: {_quoted(offer.notes)}")
    return ("\n".join(lines) + "\n").encode()


NEVER = "1970-01-01T00:00:00.000Z"


def _quoted(text: str) -> str:
    """As JSON, with what YAML takes only as an escape."""
    return UNPRINTED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(text, ensure_ascii=False))


UNPRINTED = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def lineage(offer: Offer | None, _title: str) -> bytes:
    """`datetime` in Unix seconds."""
    if offer is None:
        return _json({"response": []})
    entry = {
        "datetime": int(offer.published_at.timestamp()),
        "filename": offer.file_name,
        "id": offer.sha256,
        "romtype": "nightly",
        "size": offer.size,
        "url": offer.url,
        "version": offer.version,
    }
    return _json({"response": [entry]})


def generic(offer: Offer | None, _title: str) -> bytes:
    """For one's own updater, Android apps among them: `build` is null when there is none."""
    if offer is None:
        return _json({"build": None})
    return _json(
        {
            "build": {
                "version": offer.version,
                "published_at": _utc(offer.published_at),
                "notes": offer.notes,
                "url": offer.url,
                "file_name": offer.file_name,
                "size": offer.size,
                "sha256": offer.sha256,
            }
        }
    )


def manifest(offer: Offer | None, title: str) -> bytes:
    """What `itms-services://?action=download-manifest&url=...` opens. Empty where there is nothing to install."""
    if offer is None or not offer.app_id:
        return plistlib.dumps({"items": []})
    about = {
        "bundle-identifier": offer.app_id,
        "bundle-version": offer.version,
        "kind": "software",
        "title": title,
    }
    asset = {"kind": "software-package", "url": offer.url}
    return plistlib.dumps({"items": [{"assets": [asset], "metadata": about}]})


def tauri(offer: Offer | None, _title: str) -> bytes:
    """As a dynamic server answers Tauri's updater; nothing at all when there is nothing newer."""
    if offer is None:
        return b""
    return _json(
        {
            "version": offer.version,
            "pub_date": _utc(offer.published_at),
            "notes": offer.notes,
            "url": offer.url,
            "signature": offer.minisign,
        }
    )


FORMATS: tuple[Format, ...] = (
    Format("sparkle", "appcast.xml", "application/rss+xml", ("macos", "windows"), appcast, needs=Needs.PROOF),
    Format("electron", "latest.yml", "text/yaml", ("windows",), latest_yml, needs=Needs.PROOF),
    Format("electron-mac", "latest-mac.yml", "text/yaml", ("macos",), latest_yml, needs=Needs.PROOF),
    Format("electron-linux", "latest-linux.yml", "text/yaml", ("linux",), latest_yml, needs=Needs.PROOF),
    Format("tauri", "tauri.json", "application/json", ("linux", "macos", "windows"), tauri, needs=Needs.MINISIGN),
    Format("lineage", "updater.json", "application/json", ("firmware", "android"), lineage),
    Format("ios", "manifest.plist", "application/xml", ("ios",), manifest, needs=Needs.PROOF),
    Format(
        "generic",
        "build.json",
        "application/json",
        ("android", "ios", "linux", "macos", "windows", "web", "firmware"),
        generic,
    ),
)


def format_of(platform: str, file: str) -> Format | None:
    return next((one for one in FORMATS if one.file == file and platform in one.platforms), None)


def running_version(stated: str | None, agent: str) -> str | None:
    """The version that the asking device runs: as it states it, or as Sparkle tells it in the User-Agent."""
    if not stated and (found := _SPARKLE_AGENT.match(agent)):
        stated = found[1]
    version = (stated or "").strip()
    return version if version and len(version) <= LONGEST_VERSION and version.isprintable() else None
