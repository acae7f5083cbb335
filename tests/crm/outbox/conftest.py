"""Letters to write, and a mail server on this machine that answers as a test wants it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from crm.core.lines import Rests
from crm.core.programme import Programme
from crm.core.upkeep import learn
from crm.outbox.actions import NewLetter, plan_letters, put_wording
from crm.outbox.rules import Channel, Lane
from crm.outbox.tasks import rounds
from crm.people.actions import make_origin
from crm.people.models import Person
from crm.people.rules import OriginKind
from tests import make
from tests.make import T0
from tests.services import free_port

Write = Callable[..., None]


class Server(Controller):
    """Keeps what it takes in `got` and `raw`; `say` holds its answers to the next letters' text, or None to hang up,
    and `refuse` those to addresses of senders and readers. It speaks PIPELINING only where `pipelining` says so.
    """

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.say: list[str | None] = []
        self.refuse: dict[str, str] = {}
        self.pipelining = False
        self.connections = 0
        super().__init__(self, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd's name
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]] if self.pipelining else responses

    async def handle_MAIL(  # noqa: N802 -- aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        answer = self.say.pop(0) if self.say else "250 taken"
        if answer is None:
            server.transport.abort()
            return "421 gone"
        if answer.startswith("2"):
            parser = BytesParser(policy=policy.default)
            self.raw.append(envelope.content)
            self.got.append(parser.parsebytes(envelope.content))
        return answer


@pytest.fixture
def server(database: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The programme's mail goes to it; no server that was away in another test still rests."""
    monkeypatch.setattr(rounds, "rests", Rests())
    running = Server()
    running.start()
    before, database.config["SMTP_URL"] = database.config["SMTP_URL"], running.url
    try:
        yield running
    finally:
        database.config["SMTP_URL"] = before
        with suppress(ConnectionError):
            running.stop()


@pytest.fixture
def people(programme: Programme) -> list[Person]:
    return [make.person(f"P{n}", identities={"email": f"p{n}@people.example"}) for n in range(6)]


@pytest.fixture
def write(programme: Programme) -> Write:
    """Plans letters for people: write(people, "campaign:1", lane=..., origin="spring")."""

    def plan(people: list[Person], occasion: str, *, origin: str = "", hand: bool = False, **more: Any) -> None:
        wording = put_wording("spring", "en", "Hello {{ name }}", "Dear {{ name }},\njoin us: {{ link }}\n", T0)
        lane = Lane.CAMPAIGN if origin else Lane.NOTICE
        values = {"link": "http://x.test/"} | more.pop("values", {})
        letters = [
            NewLetter(
                person_id=person.id,
                occasion=occasion,
                channel=Channel.HAND if hand else Channel.MAIL,
                wording_id=wording,
                identity_kind="qq" if hand else "email",
                identity_value=person.identities[0].value,
                origin_id=make_origin(OriginKind.CAMPAIGN, origin, origin) if origin else None,
                lane=more.get("lane", lane),
                values={"name": person.name} | values,
                **{key: value for key, value in more.items() if key != "lane"},
            )
            for person in people
        ]
        plan_letters(letters, T0)

    return plan


@pytest.fixture(autouse=True)
def _known_to_be_small(database: Flask) -> None:
    """PostgreSQL knows these tables to be nearly empty, as in a young programme: wrong plans show then."""
    learn()
