"""A mail server that takes everything as fast as it can: `python -m bench._mail_sink` prints its port, then waits.

It speaks pipelining and counts letters by their Message-ID. A line on its standard input asks for what it has got: it
answers with one line of JSON, {"taken": letters, "distinct": ids, "lines": connections, "seconds": first to last text}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio import Transport

END = b"\r\n.\r\n"
MARK = b"Message-ID: "


class Count:
    """Of all connections together."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.ids: set[bytes] = set()
        self.taken = self.lines = 0
        self.first = self.last = 0.0

    def take(self, text: bytes) -> None:
        self.last = time.perf_counter()
        self.first = self.first or self.last
        self.taken += 1
        start = text.find(MARK) + len(MARK)
        self.ids.add(text[start : text.find(b"\r\n", start)])

    def told(self) -> str:
        found = {"taken": self.taken, "distinct": len(self.ids), "lines": self.lines}
        return json.dumps({**found, "seconds": self.last - self.first})


class Sink(asyncio.Protocol):
    def __init__(self, count: Count) -> None:
        self.count, self.rest, self.in_text = count, b"", False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, Transport)
        self.transport = transport
        self.count.lines += 1
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        rest, answers, start = self.rest + data, [], 0
        while True:
            end = rest.find(END if self.in_text else b"\r\n", start)
            if end < 0:
                break
            if self.in_text:
                self.count.take(rest[start:end])
                self.in_text, start = False, end + len(END)
                answers.append(b"250 taken\r\n")
            else:
                answers.append(self.answer(rest[start : start + 4].upper()))
                start = end + 2
        self.rest = rest[start:]
        if answers:
            self.transport.write(b"".join(answers))

    def answer(self, verb: bytes) -> bytes:
        if verb == b"EHLO":
            return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
        if verb == b"DATA":
            self.in_text = True
            return b"354 go on\r\n"
        if verb == b"QUIT":
            return b"221 bye\r\n"
        return b"250 ok\r\n"


async def serve() -> None:
    count, loop = Count(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(count), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    asked = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
    while await asked.readline():
        print(count.told(), flush=True)
        count.forget()


if __name__ == "__main__":
    asyncio.run(serve())
