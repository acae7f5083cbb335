"""Our signatures, verified by a library that is not ours."""

from __future__ import annotations

import dkim
import pytest

from crm.core.dkim import Algorithm, Signer, new_key, parsed, record
from crm.core.mail import as_bytes
from tests.crm.core.test_mail import message

KEYS = {algorithm: new_key(algorithm) for algorithm in Algorithm}
TEXTS = ["Dear Ada,\n", "你好，阿达\n\n\n", "blanks  \t here \n\n.dots\n" + "y" * 1200, ""]


def answered(name: bytes, **_more: object) -> bytes | None:
    """What the DNS of orange.example says."""
    places = {f"{algorithm}._domainkey.orange.example.": pem for algorithm, pem in KEYS.items()}
    pem = places.get(name.decode())
    return record(pem).encode() if pem else None


def signer(algorithm: Algorithm) -> Signer:
    return Signer("orange.example", algorithm, parsed(KEYS[algorithm]))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_signed_letter_verifies(algorithm: Algorithm, text: str) -> None:
    signed = as_bytes(
        message(
            subject="橙色系统，" * 20,
            from_name="橙色",
            text=text,
            html=f"<p>{text}</p>",
            headers={
                "List-Unsubscribe": "<https://x.example/u/1>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
            signers=(signer(algorithm),),
        )
    )
    assert dkim.verify(signed, dnsfunc=answered)
    head = signed.partition(b"\r\nFrom: ")[0]
    assert b"list-unsubscribe:list-unsubscribe-post" in head


def test_each_of_two_signatures_verifies() -> None:
    signed = as_bytes(message(signers=tuple(signer(algorithm) for algorithm in Algorithm)))
    both = dkim.DKIM(signed)
    assert both.verify(idx=0, dnsfunc=answered)
    assert both.verify(idx=1, dnsfunc=answered)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [(b"Dear Ada", b"Dear Eve"), (b"Subject: Hello", b"Subject: Hollo"), (b"From: ", b"From: eve@x.example\r\nFrom: ")],
)
def test_what_is_changed_on_the_way_is_found_out(was: bytes, becomes: bytes) -> None:
    signed = as_bytes(message(signers=(signer(Algorithm.ED25519),)))
    assert was in signed
    assert not dkim.verify(signed.replace(was, becomes, 1), dnsfunc=answered)


def test_a_record_longer_than_one_dns_string_is_told_whole() -> None:
    assert record(KEYS[Algorithm.RSA]).startswith("v=DKIM1; k=rsa; p=MII")
    assert len(record(KEYS[Algorithm.RSA])) > 255
