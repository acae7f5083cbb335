"""A batch of check-ins as devices send it, read at a glance. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from crm.builds.rules import BATCH, LONGEST_KEY, LONGEST_VERSION, PLATFORMS, RAN, TOLD_BY_DEVICES

PRINTABLE = r"^[^\x00-\x1f\x7f\ud800-\udfff]*\Z"
"""No control characters, and no half of a surrogate pair, which JSON can write and no database can keep."""
_VERSION = re.compile(rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{LONGEST_VERSION}}}").fullmatch
_KEY = re.compile(rf"[^\x00-\x1f\x7f\ud800-\udfff]{{1,{LONGEST_KEY}}}").fullmatch
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII
).fullmatch
_ITEM = frozenset({"version", "platform", "kind", "at", "client_key"})
_BODY = frozenset({"check_ins", "sent_at"})
_KINDS = frozenset(kind.value for kind in TOLD_BY_DEVICES)
_PLATFORMS = frozenset(PLATFORMS)


def _moment(said: Any) -> datetime:
    if type(said) is not str or not _MOMENT(said):
        raise ValueError
    return datetime.fromisoformat(said)


def _item(item: Any) -> dict[str, Any]:
    """Raises ValueError for what is not at once plain."""
    if type(item) is not dict or not item.keys() <= _ITEM:
        raise ValueError
    read = {"kind": RAN[1].value, **item}
    version, key = read.get("version"), read.get("client_key", "none")
    if type(version) is not str or type(key) is not str or not _VERSION(version) or not _KEY(key):
        raise ValueError
    if type(read["kind"]) is not str or read["kind"] not in _KINDS:
        raise ValueError
    if "platform" in read and (type(read["platform"]) is not str or read["platform"] not in _PLATFORMS):
        raise ValueError
    if "at" in read:
        read["at"] = _moment(read["at"])
    return read


def at_a_glance(body: Any) -> dict[str, Any] | None:
    """What the schema of a batch makes of a body in which nothing is wrong, many times as fast.

    None where anything is at fault or written in another way: then the schema looks, and says what.
    """
    if type(body) is not dict or not body.keys() <= _BODY:
        return None
    items = body.get("check_ins")
    if type(items) is not list or not 0 < len(items) <= BATCH:
        return None
    try:
        read: dict[str, Any] = {"check_ins": [_item(item) for item in items]}
        if "sent_at" in body:
            read["sent_at"] = _moment(body["sent_at"])
    except ValueError:
        return None
    return read
