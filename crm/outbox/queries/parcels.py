"""Letters as they cross the wire, many at once: those that say the same come from one mould."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from crm.core.mail import as_bytes, shown
from crm.core.moulds import Mould, NoMould, cast, mark
from crm.core.smtp import Parcel
from crm.outbox.models import Wording
from crm.outbox.queries.rendering import Books, Written, books_of, mail_domain, message_ids, refuse_links
from crm.outbox.queries.templates import MARKS, SAFE_LINK, is_simple
from crm.outbox.rules import ALWAYS_FILLED, LINKS, Channel, Lane

FEW = 4
"""Fewer letters are made sooner than their mould."""
HEADS = {"to": "", "message_id": "", "unsubscribe_link": "https://"}
"""Words that each letter has, whatever it says; and how they begin."""


class _Kind(NamedTuple):
    """Letters of one kind differ only in words. `filled`: those values that are not empty."""

    lane: Lane
    wording_id: int
    origin_id: int | None
    sender_id: int | None
    names: tuple[str, ...]
    filled: tuple[str, ...]


class _Sample(NamedTuple):
    """The letter that a mould is cast from."""

    id: int
    channel: Channel
    lane: Lane
    wording_id: int
    values: Mapping[str, Any]
    identity_value: str
    sender_id: int | None
    origin_id: int | None


def _kind(letter: Written) -> _Kind:
    values = letter.values or {}
    filled = tuple([name for name, value in values.items() if value])
    return _Kind(letter.lane, letter.wording_id, letter.origin_id, letter.sender_id, tuple(values), filled)


def _same(kind: _Kind, wording: Wording) -> bool:
    """Whether letters of this kind differ in words alone: no choices, and nothing said that all letters say alike."""
    return (
        is_simple(wording.subject)
        and is_simple(wording.body)
        and not (ALWAYS_FILLED | {"in_reply_to", *HEADS}) & set(kind.names)
    )


def _mould(kind: _Kind, books: Books, at: datetime) -> Mould | None:
    if not _same(kind, books.wordings[kind.wording_id]):
        return None
    own = {name: mark(name, link=name in LINKS) for name in kind.filled}
    heads = {name: mark(name, link=bool(begins)) for name, begins in HEADS.items()}
    values = dict.fromkeys(kind.names) | own
    sample = _Sample(0, Channel.MAIL, kind.lane, kind.wording_id, values, heads["to"], kind.sender_id, kind.origin_id)
    message = books.message(sample, at, link=heads["unsubscribe_link"], own_id=heads["message_id"])
    try:
        return cast(message, own | heads) if message is not None else None
    except NoMould:
        return None


def _words(kind: _Kind, values: Mapping[str, Any]) -> dict[str, str] | None:
    """The letter's own words; None when one of them needs more than to be put into its place."""
    words: dict[str, str] = {}
    for name in kind.filled:
        value = values[name]
        if not isinstance(value, str) or not value.isprintable() or MARKS.search(value) or value != value.strip():
            return None
        if bool(SAFE_LINK.match(value)) is not (name in LINKS):
            return None
        words[name] = value
    return words


def parcels(letters: Sequence[Written], at: datetime) -> dict[int, Parcel]:
    """By the letters' numbers. One that its limits stop is left out."""
    books = books_of(letters)
    kinds: dict[_Kind, list[Written]] = {}
    for letter in letters:
        kinds.setdefault(_kind(letter), []).append(letter)
    made: dict[int, Parcel] = {}
    for kind, some in kinds.items():
        mould = _mould(kind, books, at) if len(some) >= FEW else None
        sender = books.from_address(some[0])
        own_id, way_out = message_ids(mail_domain(sender)), refuse_links()
        for letter in some:
            words = _words(kind, letter.values or {}) if mould is not None else None
            if mould is not None and words is not None:
                words["to"] = shown(letter.identity_value)
                words["message_id"] = own_id(letter.id)
                words["unsubscribe_link"] = way_out(letter.id)
                made[letter.id] = Parcel(sender, letter.identity_value, mould.fill(words))
            elif (message := books.message(letter, at)) is not None:
                made[letter.id] = Parcel(sender, letter.identity_value, as_bytes(message))
    return made
