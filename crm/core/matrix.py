"""A Matrix room, read over the client-server API (v3) with an access token. Transport only: no database, no feature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

TIMEOUT_SECONDS = 20
MOST_BYTES = 64 << 20
PAGE = 500
KINDS = ["m.room.member", "m.room.message"]
Raw = dict[str, Any]


class MatrixTrouble(Exception):
    """The homeserver cannot be reached, or refuses; `str(error)` says what it said."""


def _opener() -> OpenerDirector:
    """Follows no redirect: a token goes to the server that it was given for, and nowhere else."""
    made = OpenerDirector()
    for handler in (ProxyHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):
        made.add_handler(handler())
    return made


OPENER = _opener()


@dataclass(frozen=True, slots=True)
class News:
    """What happened in a room after `since`, oldest first, and how far that is.

    `has_left`: our own account is not in the room any more.
    """

    events: list[Raw]
    next: str
    has_left: bool = False


@dataclass(frozen=True)
class Homeserver:
    address: str
    token: str

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Raw:
        """Raises MatrixTrouble."""
        host = urlsplit(self.address).netloc
        url = f"{self.address.rstrip('/')}/_matrix/client/v3{path}" + (f"?{urlencode(query)}" if query else "")
        wanted = Request(url, headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"})  # noqa: S310 -- http and https only, checked when it was entered
        try:
            with OPENER.open(wanted, timeout=TIMEOUT_SECONDS) as answer:
                read = answer.read(MOST_BYTES + 1)
        except HTTPError as error:
            raise MatrixTrouble(f"{host}: {_told(error)}") from error
        except (URLError, HTTPException, OSError) as error:
            raise MatrixTrouble(f"{host}: {getattr(error, 'reason', error) or type(error).__name__}") from error
        if len(read) > MOST_BYTES:
            raise MatrixTrouble(f"{host}: the answer is larger than {MOST_BYTES >> 20} MiB")
        return _object(host, read)

    def account(self) -> str:
        """Whose token it is."""
        return str(self.get("/account/whoami").get("user_id", ""))

    def room_of(self, written: str) -> str:
        """The number of a room that is named by its number or by an address such as #name:server."""
        if not written.startswith("#"):
            return written
        return str(self.get(f"/directory/room/{quote(written, safe='')}").get("room_id", ""))

    def joined_rooms(self) -> list[str]:
        return [str(one) for one in self.get("/joined_rooms").get("joined_rooms", [])]

    def news(self, room: str, since: str | None) -> News:
        """Everything after `since`; without it, who is in the room now. Raises MatrixTrouble."""
        words = {"timeout": "0", "filter": json.dumps(_filter(room)), **({"since": since} if since else {})}
        found = self.get("/sync", words)
        upto, rooms = str(found["next_batch"]), found.get("rooms", {})
        part = rooms.get("join", {}).get(room) or rooms.get("leave", {}).get(room) or {}
        has_left = room in rooms.get("leave", {})
        timeline = part.get("timeline", {})
        events: list[Raw] = timeline.get("events", [])
        if since is None:
            said = [one for one in events if one.get("type") == "m.room.message"]
            return News([*self._members(room), *said], upto, has_left)
        if timeline.get("limited") and timeline.get("prev_batch"):
            missed = self._between(room, str(timeline["prev_batch"]), since)
            events = [*missed, *part.get("state", {}).get("events", []), *events]
        return News(events, upto, has_left)

    def _members(self, room: str) -> list[Raw]:
        found = self.get(f"/rooms/{quote(room, safe='')}/members", {"membership": "join"})
        members: list[Raw] = found.get("chunk", [])
        return sorted(members, key=lambda one: int(one.get("origin_server_ts", 0)))

    def _between(self, room: str, newest: str, oldest: str) -> list[Raw]:
        """What a limited timeline left out, oldest first."""
        words = {"dir": "b", "to": oldest, "limit": str(PAGE), "filter": json.dumps({"types": KINDS})}
        found: list[Raw] = []
        at: str | None = newest
        while at is not None:
            page = self.get(f"/rooms/{quote(room, safe='')}/messages", {**words, "from": at})
            found += page.get("chunk", [])
            following = page.get("end")
            at = str(following) if following and following not in (at, oldest) and page.get("chunk") else None
        return found[::-1]


def _filter(room: str) -> Raw:
    nothing: Raw = {"types": []}
    return {
        "presence": nothing,
        "account_data": nothing,
        "room": {
            "rooms": [room],
            "include_leave": True,
            "timeline": {"types": KINDS, "limit": 100},
            "state": {"types": ["m.room.member"]},
            "ephemeral": nothing,
            "account_data": nothing,
        },
    }


def _object(host: str, read: bytes) -> Raw:
    try:
        found = json.loads(read)
    except ValueError as error:
        raise MatrixTrouble(f"{host}: the answer is no JSON; is this the address of a homeserver?") from error
    if not isinstance(found, dict):
        raise MatrixTrouble(f"{host}: the answer is no JSON object")
    return found


def _told(error: HTTPError) -> str:
    """The server's own words, as far as it has any."""
    try:
        said = json.loads(error.read(100_000))
        return f"{said['errcode']} {said.get('error', '')}".strip()[:300]
    except (ValueError, KeyError, TypeError, OSError):
        return f"HTTP {error.code}"
