"""A message's bytes, read back by the standard library."""

from __future__ import annotations

from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.core.mail import Message, as_bytes, list_id, one_line

AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def message(**fields: Any) -> Message:
    known: dict[str, Any] = {
        "message_id": "<letter-1.abc@orange.example>",
        "from_name": "Orange",
        "from_address": "seedbed@orange.example",
        "to_address": "ada@testers.example",
        "subject": "Hello",
        "text": "Dear Ada,\n",
        "at": AT,
    }
    return Message(**(known | fields))


def read(content: bytes) -> EmailMessage:
    """As a receiver does, after looking at what every mail server may count on."""
    lines = content.split(b"\r\n")
    assert all(len(line) <= 998 for line in lines)
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    return BytesParser(policy=policy.default).parsebytes(content)


def said(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")


def squeezed(text: str) -> str:
    return " ".join(one_line(text).split())


@given(subject=WORDS)
def test_any_subject_arrives_as_one_line(subject: str) -> None:
    mail = read(as_bytes(message(subject=subject)))
    assert squeezed(str(mail["Subject"])) == squeezed(subject)
    assert [name for name in mail if name.lower() in ("bcc", "cc")] == []


@given(name=WORDS)
def test_any_name_stands_before_the_one_address(name: str) -> None:
    content = as_bytes(message(from_name=name))
    (sender,) = read(content)["From"].addresses
    assert sender.addr_spec == "seedbed@orange.example"
    # The newer parser of Python 3.11 puts a blank between encoded words of a name; the older knows better.
    written, _address = parseaddr(str(BytesParser(policy=policy.compat32).parsebytes(content)["From"]))
    assert squeezed(str(make_header(decode_header(written)))) == squeezed(name)


@given(text=WORDS, html=WORDS)
def test_both_parts_arrive_as_they_were(text: str, html: str) -> None:
    mail = read(as_bytes(message(text=text, html=f"<p>{html}</p>")))

    def plain(words: str) -> str:
        return words.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")

    assert said(mail, "plain").rstrip("\n") == plain(text)
    assert said(mail, "html").rstrip("\n") == plain(f"<p>{html}</p>")


@pytest.mark.parametrize(
    "evil", ["\r\nBcc: eve@x.example", "\nBcc: eve@x.example", "\rBcc: eve@x.example", "\u2028Bcc: e"]
)
def test_nothing_begins_another_header(evil: str) -> None:
    content = as_bytes(
        message(
            subject=f"Hello{evil}",
            from_name=f"Orange{evil}",
            to_address=f"ada@testers.example{evil}",
            headers={
                "List-Unsubscribe": f"<https://x.example>{evil}",
                "List-Id": list_id(f"Orange{evil}", "notices", "x.example"),
            },
        )
    )
    mail = read(content)
    assert mail["Bcc"] is None
    assert mail.get_content() == "Dear Ada,\r\n"


def test_a_chinese_subject_is_folded_between_characters() -> None:
    subject = "橙色系统第一版内测邀请，" * 12
    content = as_bytes(message(subject=subject))
    head = content.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\n"))) <= 90
    assert read(content)["Subject"] == subject


def test_domains_outside_ascii_are_written_as_the_network_knows_them() -> None:
    mail = read(as_bytes(message(from_address="bo@橙色.example", to_address="li@例子.example")))
    assert mail["To"].addresses == (Address("", "li", "xn--fsqu00a.example"),)
    assert mail["From"].addresses[0].domain.startswith("xn--")


def test_a_local_part_outside_ascii_stays_for_servers_that_take_it() -> None:
    assert "To: 李@xn--fsqu00a.example\r\n".encode() in as_bytes(message(to_address="李@例子.example"))


def test_a_name_that_looks_encoded_is_not_decoded() -> None:
    assert read(as_bytes(message(subject="=?utf-8?B?Qg==?=")))["Subject"] == "=?utf-8?B?Qg==?="


def test_a_list_has_a_name_for_people_and_one_for_filters() -> None:
    mail = read(as_bytes(message(headers={"List-Id": list_id("橙色 OS", "notices", "橙色.example")})))
    name, _space, identifier = str(mail["List-Id"]).rpartition(" ")
    assert name == "橙色 OS"
    assert identifier.startswith("<notices.xn--")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Dear Ada,\n", "7bit"), ("y" * 2000, "quoted-printable"), ("亲爱的", "base64"), ("é" * 2000, "base64")],
)
def test_each_text_is_encoded_as_it_needs(text: str, encoding: str) -> None:
    mail = read(as_bytes(message(text=text)))
    assert mail["Content-Transfer-Encoding"] == encoding
    assert mail.get_content().replace("\r\n", "\n").strip() == text.strip()
