"""What is likely to go wrong with a wording: told before it leaves, forbidden only where it could not be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask_babel import gettext as _

from crm.core.errors import NotUnderstood
from crm.outbox.queries.rendering import rendered
from crm.outbox.queries.templates import PLAIN
from crm.outbox.queries.wordings import TEXT_LINK, needed, unknown_placeholders
from crm.outbox.rules import PLACEHOLDERS

CLIPPED_BYTES = 102 * 1024
"""Gmail cuts a letter off here, and with it the way to refuse."""
LONGEST_SUBJECT = 78
URL = re.compile(r"https?://[^\s<>()\[\]\"'，。；：！？、]+", re.IGNORECASE)
HOST = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,})(?=[/:\s]|$)", re.IGNORECASE)
CAPITALS = 8
SAMPLE = dict.fromkeys(PLACEHOLDERS, "x" * 24) | {
    "link": "https://example.org/" + "x" * 60,
    "unsubscribe_link": "https://example.org/u/" + "x" * 60,
}


@dataclass(frozen=True, slots=True)
class Warn:
    """`field`: subject or body. `kind` is the same wherever the same trouble is found, whatever its details."""

    kind: str
    field: str
    text: str


def warnings_of(subject: str, body: str, language: str) -> list[Warn]:
    """In the reader's language, worst first."""
    try:
        unknown = [*unknown_placeholders(subject), *unknown_placeholders(body)]
    except NotUnderstood as error:
        return [Warn("unread", "body", str(error))]
    found = [
        Warn("unknown", "body", _("There is no placeholder %(name)s: it would stay empty.", name=name))
        for name in unknown
    ]
    return found if unknown else [*_of_body(body, language), *_of_subject(subject), *_of_holes(subject, body)]


def _of_body(body: str, language: str) -> Iterator[Warn]:
    size = len(rendered("", body, language, SAMPLE, by_mail=True).html.encode())
    if size > CLIPPED_BYTES:
        told = _("It has %(size)s KB; Gmail cuts letters off at 102, and with them the way to refuse.", size=size >> 10)
        yield Warn("size", "body", told)
    for link in TEXT_LINK.finditer(body):
        said, leads = HOST.search(link[1]), urlsplit(link[2]).hostname
        if said and leads and said[1].lower().removeprefix("www.") != leads.removeprefix("www."):
            told = _(
                "A link that says %(said)s leads to %(leads)s: spam filters take it for a fraud.",
                said=said[1],
                leads=leads,
            )
            yield Warn("elsewhere", "body", told)
        if not link[2].startswith(("{{", "http://", "https://", "mailto:")):
            told = _("The link “%(said)s” leads nowhere: it must begin with https://.", said=link[1])
            yield Warn("nowhere", "body", told)
    bare = URL.findall(TEXT_LINK.sub("", body))
    if bare:
        told = _("%(url)s stands bare: [words](address) reads better, and filters like it more.", url=bare[0])
        yield Warn("bare", "body", told)
    if any(url.lower().startswith("http://") for url in URL.findall(body)):
        yield Warn("unsafe", "body", _("A link begins with http:// and is not safe: use https://."))


def _of_subject(subject: str) -> Iterator[Warn]:
    words = PLAIN.sub("", subject)
    letters = [letter for letter in words if letter.isalpha() and letter.upper() != letter.lower()]
    if len(letters) >= CAPITALS and all(letter.isupper() for letter in letters):
        told = _("The subject is all capitals: it reads as shouting, and filters take it for spam.")
        yield Warn("capitals", "subject", told)
    if len(subject) > LONGEST_SUBJECT:
        yield Warn("long", "subject", _("The subject is long: telephones show its first 40 characters."))
    if re.search(r"[!！?？]{2,}", subject):
        yield Warn("marks", "subject", _("One mark at the end of the subject is enough: filters take more for spam."))


def _of_holes(subject: str, body: str) -> Iterator[Warn]:
    holes = needed(subject) | needed(body)
    if "name" in holes:
        told = _("Letters to people without a name will be held until you fill it in; a fallback would let them leave.")
        yield Warn("held", "body", told)
