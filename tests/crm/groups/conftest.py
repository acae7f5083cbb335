"""Accounts and a room on the homeserver that tests run against."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

_numbers = count(1)


def ask(server: str, method: str, path: str, body: dict[str, Any] | None = None, token: str = "") -> Any:
    """One request to the homeserver, which must succeed."""
    parts = urlsplit(server)
    with closing(HTTPConnection(parts.hostname or "", parts.port, timeout=20)) as connection:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        connection.request(method, path, None if method == "GET" else json.dumps(body or {}), headers)
        answer = connection.getresponse()
        said = json.load(answer)
    assert answer.status == 200, said
    return said


@dataclass(frozen=True)
class Account:
    """A Matrix account, speaking the client-server API as any client does."""

    server: str
    id: str
    token: str

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return ask(self.server, method, f"/_matrix/client/v3{path}", body, self.token)

    def join(self, room: str, **body: str) -> None:
        self.call("POST", f"/join/{quote(room, safe='')}", dict(body))

    def leave(self, room: str) -> None:
        self.call("POST", f"/rooms/{quote(room, safe='')}/leave")

    def say(self, room: str, text: str) -> None:
        path = f"/rooms/{quote(room, safe='')}/send/m.room.message/{next(_numbers)}"
        self.call("PUT", path, {"msgtype": "m.text", "body": text})

    def call_oneself(self, name: str) -> None:
        self.call("PUT", f"/profile/{quote(self.id, safe='')}/displayname", {"displayname": name})


@pytest.fixture
def account(synapse_server: str) -> Callable[[str], Account]:
    """Registers accounts by the homeserver's shared secret."""
    parts = urlsplit(synapse_server)
    server = f"http://{parts.hostname}:{parts.port}"

    def make_account(name: str) -> Account:
        path = "/_synapse/admin/v1/register"
        nonce = ask(server, "GET", path)["nonce"]
        name = f"{name}-{next(_numbers)}-{nonce[:8]}"
        words = f"{nonce}\0{name}\0secret\0notadmin".encode()
        mac = hmac.new((parts.password or "").encode(), words, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": "secret", "admin": False, "mac": mac}
        made = ask(server, "POST", path, body)
        return Account(server, made["user_id"], made["access_token"])

    return make_account


@pytest.fixture
def reader(account: Callable[[str], Account]) -> Account:
    return account("seedbed")


@pytest.fixture
def room(reader: Account) -> str:
    made = reader.call("POST", "/createRoom", {"preset": "public_chat", "room_version": "11"})
    return str(made["room_id"])
