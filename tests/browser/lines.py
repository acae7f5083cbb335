"""A line between a browser and the server that breaks in the middle of a download."""

from __future__ import annotations

import re
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

HEADER = re.compile(r"(\S+): (.*)\r\n")
RESET_AT_ONCE = struct.pack("ii", 1, 0)


@dataclass
class Line:
    """Between a browser and the server: the first answer to a download ends after `cut` bytes, or is reset there."""

    site: str
    cut: int
    resets: bool
    asked: list[dict[str, str]] = field(default_factory=list)
    """The headers of each request for the file, by their names in small letters."""

    def carry(self, browser: socket.socket) -> None:
        host = urlsplit(self.site)
        with socket.create_connection((host.hostname or "", host.port or 0)) as server:
            question = b""
            while not question.endswith(b"\r\n\r\n"):
                if not (block := browser.recv(1 << 16)):
                    return
                question += block
            if b"/download" in question.partition(b"\r\n")[0]:
                self.asked.append({name.lower(): value for name, value in HEADER.findall(question.decode())})
            breaks = len(self.asked) == 1
            server.sendall(question.replace(b"keep-alive", b"close"))
            left = self.cut if breaks else sys.maxsize
            while left and (block := server.recv(min(left, 1 << 16))):
                browser.sendall(block)
                left -= len(block)
        if breaks and self.resets:
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_ONCE)
            browser.close()


@contextmanager
def listening(line: Line) -> Iterator[str]:
    class Carrier(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            line.carry(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Carrier) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
