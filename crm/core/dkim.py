"""DKIM signatures (RFC 6376, RFC 8463): keys made, kept parsed, and used, as fast as the mathematics allow.

Signing is ours because the kept library (dkimpy, with which the tests verify) parses the key and the whole message anew
for each letter and computes RSA in Python: 30 letters a second. Ours may rely on how we write a message.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

RSA_BITS = 2048
SIGNED: tuple[str, ...] = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")
SIGNED += ("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "Auto-Submitted")
SIGNED += ("Reply-To", "In-Reply-To", "References")
ALWAYS = frozenset({"from", "to", "subject", "date"})
"""Named twice in the signature: nobody can add a second one on the way."""
BLANKS = re.compile(r"[ \t]+")
BODY_BLANKS = re.compile(rb"[ \t]+")
BODY_ENDS = re.compile(rb" \r\n")


class Algorithm(StrEnum):
    RSA = "rsa"
    ED25519 = "ed25519"


PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def _relaxed_body(body: bytes) -> bytes:
    """Ends in exactly one line break, without blanks before any; runs of blanks are one."""
    if b"  " in body or b"\t" in body:
        body = BODY_BLANKS.sub(b" ", body)
    if b" \r\n" in body:
        body = BODY_ENDS.sub(b"\r\n", body)
    body = body.rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _relaxed_header(name: str, value: str) -> str:
    return f"{name.lower()}:{BLANKS.sub(' ', value.replace(chr(13) + chr(10), '')).strip()}"


def _split(head: str) -> dict[str, str]:
    """Our own headers by name: each stands once, long ones go on in lines that begin with a blank."""
    found: dict[str, str] = {}
    for line in re.split(r"\r\n(?![ \t])", head.rstrip("\r\n")):
        name, _colon, value = line.partition(":")
        found[name] = value
    return found


def _folded(text: str) -> str:
    return "\r\n ".join(text[i : i + 70] for i in range(0, len(text), 70))


@dataclass(frozen=True, slots=True)
class Signer:
    """A domain's key, ready for use."""

    domain: str
    selector: str
    key: PrivateKey

    def _signature(self, text: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(hashlib.sha256(text).digest())

    def sign(self, head: str, body: bytes) -> str:
        """The DKIM-Signature header, with its line break, of a message with these headers and this content."""
        known = _split(head)
        names = [name for name in SIGNED if name in known]
        named = ":".join([*names, *(name for name in names if name.lower() in ALWAYS)]).lower()
        kind = "rsa-sha256" if isinstance(self.key, rsa.RSAPrivateKey) else "ed25519-sha256"
        digest = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode("ascii")
        own = (
            f" v=1; a={kind}; c=relaxed/relaxed; d={self.domain};\r\n s={self.selector};"
            f" bh={digest};\r\n h={named.replace('message-id:', 'message-id:' + chr(13) + chr(10) + ' ')};\r\n b="
        )
        lines = [*(_relaxed_header(name, known[name]) for name in names), _relaxed_header("DKIM-Signature", own)]
        signature = base64.b64encode(self._signature("\r\n".join(lines).encode())).decode("ascii")
        return f"DKIM-Signature:{own}{_folded(signature)}\r\n"


def new_key(algorithm: Algorithm) -> str:
    """A private key, in PEM."""
    key: PrivateKey
    if algorithm is Algorithm.RSA:
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode("ascii")


def parsed(pem: str) -> PrivateKey:
    """Raises ValueError for what is no such key."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError("neither RSA nor Ed25519")  # noqa: TRY004 -- the key's kind is data here, not a wrong call
    return key


def record(pem: str) -> str:
    """What the domain's DNS says of this key, as one text."""
    public = parsed(pem).public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        raw, kind = public.public_bytes_raw(), "ed25519"
    else:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        raw, kind = public.public_bytes(serialization.Encoding.DER, form), "rsa"
    return f"v=DKIM1; k={kind}; p={base64.b64encode(raw).decode('ascii')}"
