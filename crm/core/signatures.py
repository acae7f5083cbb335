"""Requests that another program signs: HMAC-SHA256 under a secret that both know, with a time against replays."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta

from flask import request
from flask_babel import gettext as _

from crm.core.errors import Refusal

TIMESTAMP, SIGNATURE = "Seedbed-Timestamp", "Seedbed-Signature"
VERSION = "v1"
CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the time in a signed request may be from ours."""
MOST_BYTES = 1 << 20


class NotSigned(Refusal):
    status = 401


class TooLarge(Refusal):
    status = 413


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Of the timestamp, a full stop and the body; in hex, after its version."""
    signed = hmac.new(secret.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()
    return f"{VERSION}={signed}"


def signed_body(secret: str | None, at: datetime) -> bytes:
    """The body of the present request, before it is read as anything. Raises NotSigned, TooLarge.

    Without the right signature nobody learns what we think of it, nor whether there is a secret at all.
    """
    timestamp = request.headers.get(TIMESTAMP, "").strip()
    given = request.headers.get(SIGNATURE, "").strip()
    if not timestamp or not given:
        raise NotSigned(_("Send the headers Seedbed-Timestamp and Seedbed-Signature."))
    if not timestamp.isdecimal() or len(timestamp) > 12:
        raise NotSigned(_("Seedbed-Timestamp is the number of seconds since 1970."))
    if abs(datetime.fromtimestamp(int(timestamp), UTC) - at) > CLOCKS_DIFFER:
        raise NotSigned(
            _("The timestamp is more than 5 minutes from our time, %(now)s: set your clock.", now=int(at.timestamp()))
        )
    if (request.content_length or 0) > MOST_BYTES:
        raise TooLarge(_("A request holds at most 1 MiB: send fewer events at once."))
    body = request.get_data(cache=True)
    if secret is None or not hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode()):
        raise NotSigned(_("The signature is not that of this body under the secret that we share."))
    return body
