"""A mail server that keeps what it gets in memory: on this machine, in this process, on a port of its own."""

from __future__ import annotations

from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.services import free_port


class Line(SMTP):
    """Counts the connections that are open. Commands are read one after the other, so that they may be pipelined."""

    counted: Sink

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.counted.open += 1

    def connection_lost(self, error: Exception | None) -> None:
        self.counted.open -= 1
        super().connection_lost(error)


class Sink(Controller):
    """`letters` are the addresses of whom a letter was accepted for, in order; use it as a context manager."""

    def __init__(self) -> None:
        self.letters: list[str] = []
        self.open = 0
        super().__init__(self, hostname="127.0.0.1", port=free_port())

    def factory(self) -> SMTP:
        line = Line(self, enable_SMTPUTF8=True)
        line.counted = self
        return line

    async def handle_EHLO(  # noqa: N802 -- aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's name
        self.letters += envelope.rcpt_tos
        return "250 taken"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_why: object) -> None:
        self.stop()
