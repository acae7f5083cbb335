"""Codes of invite links, and what counts as opening one. Pure.

A code is 10 characters of 30: 30^10 = 5.9 * 10^14 codes, 49 bits. Of a million links, one guess in 590 million hits.
An address has GUESSES_PER_ADDRESS wrong tries an hour, 240 a day: a thousand addresses that try for a year make
88 million guesses, and find one of the million links with a chance of 14 in a hundred.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv6Address, ip_address

ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
"""No 0 and o, no 1, i and l, no u, which is taken for v: it is read aloud and typed from paper."""
LENGTH = 10
CODE = re.compile(f"(?<![0-9a-z])[{ALPHABET}]{{{LENGTH}}}(?![0-9a-z])")
GUESSES_PER_ADDRESS = 10
GUESS_WINDOW = timedelta(hours=1)

PREFETCH = ("prefetch", "prerender", "preview", "instant")
MACHINES = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|preview|scan|safelinks|proofpoint|mimecast|barracuda|curl|wget|python|java/"
    r"|go-http|okhttp|libwww|httpclient|headless|facebookexternalhit|whatsapp|telegrambot|monitor|validator",
    re.IGNORECASE,
)


def tidy_code(text: str) -> str | None:
    """A code as it is stored, whatever its case and with the dashes and spaces people put in; None for no code."""
    code = re.sub(r"[\s\-]", "", text).casefold()
    return code if CODE.fullmatch(code) else None


def codes_in(*texts: str) -> list[str]:
    """What may be codes in a name or a message, in their order; only the table knows which are."""
    return list(dict.fromkeys(code for text in texts for code in CODE.findall(text.casefold())))


def is_opening(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request for the page is somebody who opens it, as far as that can be told.

    Not counted: HEAD, what a browser or a mail program fetches ahead, and programs that name themselves.
    """
    ahead = " ".join(headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")).lower()
    agent = headers.get("User-Agent", "")
    wanted = headers.get("Sec-Fetch-Dest", "document")
    return (
        method == "GET"
        and not any(word in ahead for word in PREFETCH)
        and bool(agent)
        and not MACHINES.search(agent)
        and wanted in ("document", "iframe")
    )


def guesser(address: str) -> str:
    """Whom wrong tries are counted for: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if not isinstance(known, IPv6Address):
        return address
    return str(known.ipv4_mapped or IPv6Address(int(known) >> 64 << 64))
