"""Letters that differ in a few words: what they share is made once, and each costs what its own words cost.

A mould is cast from one message in which marks stand for the words, made as every message is. Filled, it gives the
bytes that `mail.as_bytes` would.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from crm.core.dkim import Signer
from crm.core.mail import (
    LONGEST_LINE,
    Message,
    alternative,
    boundary,
    content_of,
    encoded,
    head_of,
    part,
    signed,
)

STEM = f"m{secrets.token_hex(8)}"
"""No text holds it: who writes one cannot know it."""


class NoMould(Exception):
    """A word stands where each needs work of its own, such as a part of a link."""


def mark(name: str, *, link: bool = False) -> str:
    """Stands for a word, or for a whole link. No link lets its colons through as a part of itself."""
    return f"{'https://' * link}{STEM}:{name}:x"


def _holed(text: str, marks: Mapping[str, str]) -> str:
    """As a template for `%`."""
    text = text.replace("%", "%%")
    for name, written in marks.items():
        text = text.replace(written, f"%({name})s")
    if STEM in text:
        raise NoMould
    return text


def _room(text: str, marks: Mapping[str, str]) -> int:
    """How long each word may be, so that no line becomes too long."""
    room = LONGEST_LINE
    for line in text.split("\r\n"):
        rest, holes = line, 0
        for written in marks.values():
            holes += rest.count(written)
            rest = rest.replace(written, "")
        room = min(room, (LONGEST_LINE - len(rest)) // holes) if holes else room
    return room


@dataclass(frozen=True, slots=True)
class _Part:
    """`flat`: with its headers, as it is with ASCII words of at most `room` characters; empty where it is encoded."""

    kind: str
    text: str
    flat: str
    room: int

    def fill(self, words: Mapping[str, str], longest: int) -> str:
        return self.flat % words if self.flat and longest <= self.room else part(self.kind, self.text % words)


def _part(kind: str, text: str, marks: Mapping[str, str]) -> _Part:
    made = part(kind, text)
    plain = "\r\nContent-Transfer-Encoding: 7bit\r\n" in made.partition("\r\n\r\n")[0] + "\r\n"
    return _Part(kind, _holed(text, marks), _holed(made, marks) if plain else "", _room(made, marks))


@dataclass(frozen=True, slots=True)
class Mould:
    head: str
    subject: str
    text: _Part
    html: _Part
    signers: tuple[Signer, ...]

    def fill(self, words: Mapping[str, str]) -> bytes:
        """The message with these words, none of which may be empty, break a line, or mean anything in HTML."""
        limit = boundary(words["message_id"])
        subject = encoded("Subject", self.subject % words)
        head = self.head % {**words, "subject": subject, "boundary": limit}
        longest = max(map(len, words.values())) if "".join(words.values()).isascii() else sys.maxsize
        body = alternative(limit, self.text.fill(words, longest), self.html.fill(words, longest))
        return signed(head, body, self.signers)


def cast(message: Message, marks: dict[str, str]) -> Mould:
    """From a message with a text and HTML, in which these marks stand for words. Raises NoMould."""
    own = {"boundary": boundary(message.message_id), "subject": mark("subject")}
    more, _body = content_of(message)
    return Mould(
        head=_holed(head_of(replace(message, subject=own["subject"])) + more, marks | own),
        subject=_holed(message.subject, marks),
        text=_part("plain", message.text, marks),
        html=_part("html", message.html, marks),
        signers=message.signers,
    )
