from __future__ import annotations

import random
from email.message import EmailMessage

import pytest

from crm.inbound.rules import IncomingKind
from crm.inbound.rules.classifying import classify
from crm.inbound.rules.parts import unquoted

ID = b"<letter-42.0123456789abcdef@orange.example>"
QMAIL = b"""Return-Path: <>
From: MAILER-DAEMON@old.example
Subject: failure notice

Hi. This is the qmail-send program at old.example.
<bo@prospects.example>:
550 5.1.1 <bo@prospects.example>: user unknown

--- Below this line is a copy of the message.
Message-ID: <letter-42.0123456789abcdef@orange.example>
"""
EXIM = b"""From: Mail Delivery System <Mailer-Daemon@exim.example>
X-Failed-Recipients: bo@prospects.example
Subject: Mail delivery failed: returning message to sender

  bo@prospects.example
    mailbox is full (452 4.2.2 over quota)
"""
QQ = """From: PostMaster@qq.example
Subject: =?gb18030?B?z7XNs83L0MU=?=
Content-Type: text/plain; charset=no-such-charset

很抱歉您的邮件被退回: 10001@qq.example 收件人邮箱地址不存在 550 Mailbox not found
""".encode("gb18030")


@pytest.mark.parametrize(
    ("content", "kind", "recipient"),
    [
        (QMAIL, IncomingKind.HARD_BOUNCE, "bo@prospects.example"),
        (EXIM, IncomingKind.SOFT_BOUNCE, "bo@prospects.example"),
        (QQ, IncomingKind.HARD_BOUNCE, "10001@qq.example"),
    ],
)
def test_bounces_that_follow_no_standard_are_known(content: bytes, kind: IncomingKind, recipient: str) -> None:
    told = classify(content)
    assert (told.kind, told.recipient) == (kind, recipient)


def test_the_letter_is_found_in_a_copy_below() -> None:
    assert classify(QMAIL).ids == ("letter-42.0123456789abcdef",)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        (b"Auto-Submitted: auto-replied\n", IncomingKind.AUTO_REPLY),
        (b"Auto-Submitted: no\n", IncomingKind.REPLY),
        (b"X-Autorespond: yes\n", IncomingKind.AUTO_REPLY),
        (b"Precedence: auto_reply\n", IncomingKind.AUTO_REPLY),
        (b"Subject: Out of office: until Monday\n", IncomingKind.AUTO_REPLY),
        (b"Subject: =?utf-8?B?6Ieq5Yqo5Zue5aSN77ya5Ye65beu?=\n", IncomingKind.AUTO_REPLY),
        (b"Subject: Re: undeliverable goods\n", IncomingKind.REPLY),
    ],
)
def test_automatic_answers_are_told_from_real_ones(more: bytes, kind: IncomingKind) -> None:
    assert classify(b"From: bo@prospects.example\n" + more + b"\nHello\n").kind is kind


def test_not_spam_is_no_complaint() -> None:
    report = (
        b'Content-Type: multipart/report; boundary="b"\n\n--b\nContent-Type: message/feedback-report\n\n'
        b"Feedback-Type: %s\nVersion: 1\n\n--b--\n"
    )
    assert classify(report % b"abuse").kind is IncomingKind.COMPLAINT
    assert classify(report % b"not-spam").kind is not IncomingKind.COMPLAINT


@pytest.mark.parametrize(
    "quote",
    [
        "> Dear Bo",
        "On Mon, 5 Jan 2026 at 10:00, Orange <a@b.example> wrote:\n> Dear Bo",
        "在 2026年1月5日，Orange 写道：\n> 你好",
        "------------------ 原始邮件 ------------------\n发件人: Orange",
        "-----Original Message-----\nFrom: Orange",
    ],
)
def test_what_they_quote_is_folded_away(quote: str) -> None:
    assert unquoted(f"Count me in!\n\n{quote}") == ("Count me in!", quote)


def test_an_answer_written_between_the_quotes_stays_whole() -> None:
    text = "> What do you want?\nA build."
    assert unquoted(text) == (text, "")


def test_html_alone_is_read_as_text() -> None:
    mail = EmailMessage()
    mail["From"] = "bo@prospects.example"
    mail.set_content("<style>p{}</style><p>Count&nbsp;me in</p><p>Bo</p>", subtype="html")
    assert classify(mail.as_bytes()).text == "Count me in\nBo"


def nested(depth: int) -> bytes:
    head = b"From: bo@prospects.example\nIn-Reply-To: " + ID + b"\n"
    return head + b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level) for level in range(depth)
    )


HOSTILE = {
    "nothing": b"",
    "nul": b"From: a\x00b@c.example\nSubject: \x00\n\n\x00\x00",
    "huge header": b"Subject: " + b"x" * 2_000_000 + b"\n\nhi",
    "many headers": b"X-A: 1\n" * 100_000 + b"\nhi",
    "folded": b"References: " + b" <a@b>\n" * 50_000 + b"\nhi",
    "bad words": b"Subject: =?utf-8?B?////?= =?nope?Q?=FF?= =?utf-8?Q?=\n\nhi",
    "surrogates": b"Subject: \xed\xa0\x80\nFrom: \xff@\xff.example\n\n\xff\xfe",
    "wrong charset": b"Content-Type: text/plain; charset=utf-16\n\nodd",
    "bad base64": b"Content-Transfer-Encoding: base64\nContent-Type: text/plain\n\n!!!!=",
    "unclosed": b'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain\n\nhi',
    "no boundary": b"Content-Type: multipart/report\n\n--x\nhi",
    "bad date": b"Date: Mon, 99 Foo 20000 99:99:99 +9999999\n\nhi",
    "deep": nested(3000),
    "tags": b"Content-Type: text/html\n\n" + b"<" * 200_000,
    "quotes": b"\n" + b"On " * 100_000 + b"wrote:",
    "comments": b"From: " + b"(a" * 8000 + b"\nDate: " + b"(" * 15_000 + b"\n\nhi",
    "styles": b"Content-Type: text/html\n\n" + b"<style " * 200_000,
    "address": b"From: " + b"<" * 20_000 + b"\n\nhi",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_does_no_harm(name: str) -> None:
    told = classify(HOSTILE[name])
    written = f"{told.subject}{told.text}{told.quoted}{told.from_address}{told.status}{told.thread}"
    written.encode()
    assert "\x00" not in written
    assert len(written) < 100_000


def test_mail_with_random_bytes_changed_does_no_harm() -> None:
    chance = random.Random(4)
    for original in (QMAIL, EXIM, QQ, nested(5)):
        for _round in range(300):
            mutated = bytearray(original)
            for _change in range(chance.randint(1, 30)):
                place = chance.randrange(len(mutated))
                mutated[place : place + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))
            told = classify(bytes(mutated))
            assert "\x00" not in told.text + told.subject
