"""Messages as servers and people send them."""

from __future__ import annotations

from email.utils import format_datetime

from crm.core import clock
from crm.outbox.models import Letter
from tests.crm.inbound.conftest import id_of


def report(
    letter: Letter, *, action: str = "failed", status: str = "5.1.1", said: str = "550 5.1.1 no such user"
) -> bytes:
    """A delivery report as RFC 3464 has it, with the headers of the letter."""
    return (
        "Return-Path: <>\r\n"
        "From: MAILER-DAEMON@mx.example\r\n"
        "To: seedbed@orange.example\r\n"
        "Subject: Undelivered Mail Returned to Sender\r\n"
        f"Date: {format_datetime(clock.now())}\r\n"
        f"Message-ID: <report-{letter.id}-{status}-{action}@mx.example>\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n'
        "\r\n--b\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n"
        "\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {letter.identity_value}\r\n"
        f"Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {said}\r\n"
        "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"From: seedbed@orange.example\r\nMessage-ID: {id_of(letter)}\r\nSubject: Come and see\r\n"
        "\r\n--b--\r\n"
    ).encode()


def complaint(letter: Letter) -> bytes:
    """A feedback report as RFC 5965 has it."""
    return (
        "From: feedback@provider.example\r\nSubject: FW: Come and see\r\n"
        f"Date: {format_datetime(clock.now())}\r\nMessage-ID: <arf-{letter.id}@provider.example>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n'
        "\r\n--b\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n"
        "\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n"
        "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"From: seedbed@orange.example\r\nMessage-ID: {id_of(letter)}\r\nSubject: Come and see\r\n\r\nDear ...\r\n"
        "\r\n--b--\r\n"
    ).encode()


def reply(to: Letter | None, *, by: str = "bo@prospects.example", text: str = "Count me in!", more: str = "") -> bytes:
    thread = f"In-Reply-To: {id_of(to)}\r\nReferences: {id_of(to)}\r\n" if to is not None else ""
    return (
        f"From: Bo <{by}>\r\nTo: seedbed@orange.example\r\nSubject: Re: Come and see\r\n"
        f"Date: {format_datetime(clock.now())}\r\nMessage-ID: <{abs(hash((by, text, more)))}@prospects.example>\r\n"
        f"{thread}{more}Content-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{text}\r\n\r\nOn Monday, Orange wrote:\r\n> Dear Bo\r\n"
    ).encode()
