"""What a message says, whatever is wrong with it: headers, texts and quotes out of bytes that anybody may have sent.

Nothing here raises for what a message holds: an unknown charset, broken MIME, NUL bytes or huge headers.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime

from crm.inbound.rules import LONGEST_LINE, LONGEST_TEXT

LONGEST_HEADER = 16_000
MOST_PARTS = 200
BROKEN = (HeaderParseError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
"""What the standard library's readers of mail raise at mail that is none."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
TAG = re.compile(r"<(?:style|script|head)\b.*?</(?:style|script|head)\s*>|<[^<>]{0,2000}>", re.IGNORECASE | re.DOTALL)
BLOCK_END = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d)\b[^<>]{0,200}>", re.IGNORECASE)
QUOTE_BEGINS = re.compile(
    r"^(?:>.*"
    r"|-{2,}\s*(?:original message|forwarded message|原始邮件|原邮件|轉寄|转发邮件).*"
    r"|_{10,}\s*"
    r"|on .{5,200} wrote:\s*"
    r"|在.{4,200}写道[:：]\s*"
    r"|.{4,200}(?:于|於).{4,100}(?:写道|寫道)[:：]\s*"
    r"|(?:from|发件人|寄件者)\s*[:：].*@.*)$",
    re.IGNORECASE,
)


def clean(text: str, most: int = LONGEST_TEXT) -> str:
    """Text that any database keeps: line ends as ours, no control characters, not longer than `most`."""
    return CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))[:most].strip()


def parse(content: bytes) -> Message:
    """The message; of one nested too deeply to follow, only its head."""
    try:
        return message_from_bytes(content)
    except BROKEN:
        return message_from_bytes(re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0][:LONGEST_HEADER] + b"\r\n\r\n")


def _decoded(raw: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8", "gb18030"):
        try:
            if name:
                return raw.decode(name)
        except BROKEN:
            continue
    return raw.decode("latin-1")


def header(message: Message, name: str, most: int = LONGEST_LINE) -> str:
    """The first header of this name as one line of text; empty when there is none."""
    raw = ""
    try:
        raw = str((message.get_all(name) or [""])[0])[:LONGEST_HEADER]
        pieces = decode_header(raw)
        text = "".join(p if isinstance(p, str) else _decoded(p, charset) for p, charset in pieces)
    except BROKEN:
        text = raw
    return " ".join(clean(text.encode("utf-8", "replace").decode(), LONGEST_HEADER).split())[:most]


def address(message: Message, name: str) -> str:
    """The mail address in this header, in small letters; empty when there is none that is one."""
    try:
        found = parseaddr(header(message, name, LONGEST_HEADER))[1].lower()
    except BROKEN:
        return ""
    return found if re.fullmatch(r"[^\s@<>]{1,64}@[^\s@<>]{1,255}", found) else ""


def moment(message: Message) -> datetime | None:
    try:
        found = parsedate_to_datetime(header(message, "Date"))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except BROKEN:
        return None


def walk(message: Message) -> Iterator[Message]:
    """The message and its parts, those of messages within it too; not more than MOST_PARTS."""
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        inner = part.get_payload()
        if isinstance(inner, list):
            waiting[:0] = [one for one in inner if isinstance(one, Message)]


def part_text(part: Message) -> str:
    """What a part says, its transfer encoding and charset taken off."""
    try:
        raw = part.get_payload(decode=True)
        charset = part.get_content_charset()
    except BROKEN:
        raw, charset = None, None
    if raw is None:
        inner = part.get_payload()
        return clean("\n".join(str(one) for one in inner) if isinstance(inner, list) else str(inner or ""))
    return clean(_decoded(raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "replace"), charset))


def as_text(markup: str) -> str:
    """HTML as text: for people whose mail program sends nothing else."""
    bare = TAG.sub("", BLOCK_END.sub("\n", markup[: 4 * LONGEST_TEXT]))
    lines = [" ".join(line.split()) for line in html.unescape(bare).split("\n")]
    return clean(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)))


def is_kind(part: Message, *kinds: str) -> bool:
    try:
        return part.get_content_type() in kinds
    except BROKEN:
        return False


def body(message: Message) -> str:
    """What it says to its reader: the first plain part, else the first HTML one, without attachments."""
    markup = ""
    for part in walk(message):
        if is_kind(part, "message/rfc822"):
            break
        if header(part, "Content-Disposition").lower().startswith("attachment"):
            continue
        if is_kind(part, "text/plain") and (text := part_text(part)):
            return text
        if not markup and is_kind(part, "text/html"):
            markup = as_text(part_text(part))
    return markup


def unquoted(text: str) -> tuple[str, str]:
    """(what they wrote, what they quoted of ours): cut where the first quote begins, unless nothing would be left."""
    lines = text.split("\n")
    for place, line in enumerate(lines):
        if place and QUOTE_BEGINS.match(line.strip()[:1000]):
            said = "\n".join(lines[:place]).strip()
            if said:
                return said, "\n".join(lines[place:]).strip()
    return text, ""
