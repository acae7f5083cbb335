"""What a message from a mailbox is: a bounce (RFC 3464 or a server's own way), a complaint (RFC 5965), an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from typing import Any

from crm.inbound.rules import LONGEST_LINE, IncomingKind
from crm.inbound.rules.parts import address, body, clean, header, is_kind, moment, parse, part_text, unquoted, walk

OUR_ID = re.compile(r"<?(letter-(\d{1,18})\.[0-9a-f]{16})@", re.IGNORECASE)
STATUS = re.compile(r"\b([245])\.\d{1,3}\.\d{1,3}\b")
REPLY_CODE = re.compile(r"\b([45])\d\d[ -]")
MAIL = re.compile(r"[^\s@<>,;:\"'()]{1,64}@[^\s@<>,;:\"'()]{1,255}")
DAEMON = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|bounce[s]?|no-?reply-?bounce)\b", re.IGNORECASE)
BOUNCE_SUBJECT = re.compile(
    r"undeliver|delivery (status|failure|has failed)|returned mail|failure notice|mail delivery (failed|system)"
    r"|could not be delivered|delivery notification|退信|系统退信|无法投递|投递失败|邮件发送失败",
    re.IGNORECASE,
)
HARD_WORDS = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient|address)|does ?n.t (exist|have)"
    r"|mailbox (unavailable|not found)|recipient (address )?rejected|address rejected"
    r"|account (is )?(disabled|closed)|invalid (recipient|mailbox)"
    r"|不存在|无此用户|账号已停用|地址错误",
    re.IGNORECASE,
)
SOFT_WORDS = re.compile(
    r"mailbox (is )?full|over ?quota|quota exceeded|temporar|try again|greylist|too many|timed? ?out"
    r"|邮箱已满|空间不足|稍后",
    re.IGNORECASE,
)
AWAY_SUBJECT = re.compile(
    r"^(auto(matic)?[ :-]?(reply|response)|out of (the )?office|abwesen|自动(回复|答复)|自動回覆)", re.IGNORECASE
)
HANDED_ON = ("message/delivery-status", "message/global-delivery-status")
OF_OURS = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
)
AUTO_PRECEDENCE = ("auto_reply", "junk", "bulk")


@dataclass(frozen=True, slots=True)
class Told:
    """`ids` are the letters it names, as our Message-IDs have them, not proved yet. `recipient`: whose mail came back.

    `text` is what somebody wrote, or what the server says of a bounce; `quoted` what they quoted.
    """

    kind: IncomingKind
    ids: tuple[str, ...]
    from_address: str
    subject: str
    message_id: str
    thread: str
    at: datetime | None
    recipient: str = ""
    status: str = ""
    text: str = ""
    quoted: str = ""


def our_ids(*texts: str) -> tuple[str, ...]:
    """Our ids in these texts, each once, in order."""
    return tuple(dict.fromkeys(found[1].lower() for text in texts for found in OUR_ID.finditer(text)))


def _fields(part: Message) -> list[Message]:
    """The groups of fields of a delivery report or a complaint, however the parser has taken them."""
    inner = part.get_payload()
    if isinstance(inner, list):
        return [one for one in inner if isinstance(one, Message)]
    return [parse(block.encode("utf-8", "replace") + b"\n\n") for block in re.split(r"\n\s*\n", part_text(part))]


def _typed(value: str) -> str:
    """`rfc822; a@b.example` without its type."""
    return value.partition(";")[2].strip() or value


def _quoted_ids(message: Message) -> tuple[str, ...]:
    """The ids of the letter that a report gives back, whole or its headers only."""
    texts = []
    for part in walk(message):
        if part is not message and (name := header(part, "Message-ID")):
            texts.append(name)
        if is_kind(part, *OF_OURS) and not isinstance(part.get_payload(), list):
            texts.append(part_text(part))
    return our_ids(*texts)


def _report(message: Message) -> tuple[IncomingKind, str, str, str] | None:
    """(kind, recipient, status, what the server said) of RFC 3464; None when there is no such part."""
    for part in walk(message):
        if not is_kind(part, *HANDED_ON):
            continue
        worst: tuple[IncomingKind, str, str, str] | None = None
        for fields in _fields(part):
            action, status = header(fields, "Action").lower(), header(fields, "Status")
            if not action and not status:
                continue
            who = _typed(header(fields, "Final-Recipient") or header(fields, "Original-Recipient")).lower()
            said = _typed(header(fields, "Diagnostic-Code", 2000)) or status
            found = (_of_action(action, status), who if MAIL.fullmatch(who) else "", status[:20], said)
            if worst is None or _weight(found[0]) > _weight(worst[0]):
                worst = found
        return worst
    return None


def _weight(kind: IncomingKind) -> int:
    order = (IncomingKind.DELIVERED, IncomingKind.DELAYED, IncomingKind.SOFT_BOUNCE, IncomingKind.HARD_BOUNCE)
    return order.index(kind)


def _of_action(action: str, status: str) -> IncomingKind:
    known = STATUS.search(status)
    if action == "delayed":
        return IncomingKind.DELAYED
    if action in ("delivered", "relayed", "expanded"):
        return IncomingKind.DELIVERED
    return IncomingKind.SOFT_BOUNCE if known and known[1] == "4" else IncomingKind.HARD_BOUNCE


def _is_from_a_daemon(message: Message) -> bool:
    empty_path = header(message, "Return-Path") == "<>"
    return bool(DAEMON.match(address(message, "From"))) or (
        empty_path and bool(BOUNCE_SUBJECT.search(header(message, "Subject")))
    )


def _own_way(message: Message) -> tuple[IncomingKind, str, str, str] | None:
    """A bounce that follows no standard: from a mail server, and told in its text."""
    failed = header(message, "X-Failed-Recipients").lower()
    if not failed and not (_is_from_a_daemon(message) or BOUNCE_SUBJECT.search(header(message, "Subject"))):
        return None
    text = body(message)
    if not failed and not _is_from_a_daemon(message) and not (STATUS.search(text) or REPLY_CODE.search(text)):
        return None
    code = STATUS.search(text) or REPLY_CODE.search(text)
    if SOFT_WORDS.search(text) and not (code and code[1] == "5" and HARD_WORDS.search(text)):
        kind = IncomingKind.SOFT_BOUNCE
    elif HARD_WORDS.search(text) or (code and code[1] == "5"):
        kind = IncomingKind.HARD_BOUNCE
    else:
        kind = IncomingKind.SOFT_BOUNCE
    to = MAIL.search(failed) or next((one for one in MAIL.finditer(text) if not OUR_ID.match(one[0])), None)
    said = next((line.strip() for line in text.split("\n") if STATUS.search(line) or REPLY_CODE.search(line)), "")
    return kind, to[0].lower().rstrip(".") if to else "", code[0].strip() if code else "", said or text[:500]


def _complaint(message: Message) -> tuple[str, str] | None:
    """(whose mailbox, what kind of complaint) of RFC 5965; None when it is none. `not-spam` takes nothing back."""
    for part in walk(message):
        if is_kind(part, "message/feedback-report"):
            for fields in _fields(part):
                what = header(fields, "Feedback-Type").lower()
                if what and what != "not-spam":
                    who = (header(fields, "Original-Rcpt-To") or header(fields, "Original-Mail-From")).lower()
                    found = MAIL.search(who)
                    return found[0] if found else "", what
    return None


def _is_automatic(message: Message) -> bool:
    submitted = header(message, "Auto-Submitted").lower()
    return (
        (bool(submitted) and not submitted.startswith("no"))
        or any(header(message, name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress"))
        or header(message, "Precedence").lower() in AUTO_PRECEDENCE
        or bool(AWAY_SUBJECT.match(header(message, "Subject")))
    )


def classify(content: bytes) -> Told:
    """What the bytes of one message are, as far as they themselves can say. Whose it is, the database knows."""
    message = parse(content)
    head: dict[str, Any] = {
        "from_address": address(message, "From"),
        "subject": header(message, "Subject"),
        "message_id": header(message, "Message-ID"),
        "thread": header(message, "References", 4000),
        "at": moment(message),
    }
    complaint = _complaint(message)
    if complaint is not None:
        who, what = complaint
        return Told(IncomingKind.COMPLAINT, _quoted_ids(message), **head, recipient=who, text=what)
    bounce = _report(message) or _own_way(message)
    if bounce is not None:
        kind, who, status, said = bounce
        ids = _quoted_ids(message) or our_ids(*_threads(message), _all_text(message))
        return Told(kind, ids, **head, recipient=who, status=status, text=clean(said, LONGEST_LINE * 4))
    ids = our_ids(*_threads(message))
    said, quoted = unquoted(body(message))
    kind = IncomingKind.AUTO_REPLY if _is_automatic(message) else IncomingKind.REPLY
    return Told(kind, ids, **head, text=said, quoted=quoted)


def _threads(message: Message) -> tuple[str, str]:
    return header(message, "In-Reply-To", 4000), header(message, "References", 16_000)


def _all_text(message: Message) -> str:
    return "\n".join(part_text(part) for part in walk(message) if not isinstance(part.get_payload(), list))


__all__ = ["Told", "classify"]
