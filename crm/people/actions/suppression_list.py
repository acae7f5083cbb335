"""The suppression list by hand: look up, add one or a file of them, lift what says nothing of a person's will."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, BinaryIO

from flask_babel import gettext as _
from sqlalchemy import delete, select

from crm.core import files, journal
from crm.core.bulk import chunks
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, NotUnderstood
from crm.core.tokens import keyed_hash
from crm.people.actions.suppressing import suppress, suppress_pairs
from crm.people.identities import home_region, parse
from crm.people.models import Identity, Suppression
from crm.people.queries import Pair, ids_by_identities, suppressed_pairs, suppression_of
from crm.people.rules import BY_STAFF, LIFTABLE, SuppressionReason

FOLDER = "suppressions"
LARGEST = 64 << 20
FEW = 20
CHUNK = 5000
KEPT = timedelta(days=1)
LONGEST_CELL = 1000
ENCODINGS = ("utf-8-sig", "gb18030")
HEADINGS = frozenset({"email", "mail", "address", "identity", "邮箱", "地址", "e-mail"})


def read_identity(written: str, region: str | None = None) -> Pair:
    """`kind:value`, or a mail address by itself. Raises NotUnderstood."""
    text = written.strip()
    return parse(f"email:{text}" if "@" in text and ":" not in text else text, region)


def add_to_list(pairs: list[Pair], reason: SuppressionReason, at: datetime) -> None:
    """A person whom we know by one of them is left alone under every identity; an address that takes no mail is one
    address."""
    suppress_pairs(pairs, reason, at)
    known = set(ids_by_identities(pairs).values())
    if known and reason not in LIFTABLE:
        suppress(known, reason, at)


def add_one(written: str, reason: SuppressionReason, at: datetime) -> Pair:
    """Raises NotUnderstood."""
    pair = read_identity(written)
    before = suppression_of(*pair)
    add_to_list([pair], reason, at)
    told = {"reason": reason.value}
    _journal("add", pair, at, before={"reason": before.reason.value} if before else None, after=told)
    return pair


def lift(written: str, why: str, at: datetime) -> Pair:
    """Takes an address off the list that came on it by bounces. Raises NotUnderstood, NotThere, MoveRefused."""
    pair = read_identity(written)
    found = suppression_of(*pair)
    if found is None:
        raise NotThere(_("This identity is not on the list."))
    if found.reason not in LIFTABLE:
        raise MoveRefused(_("They asked to be left alone, or were forgotten: that is final, and nobody can lift it."))
    if not why.strip():
        raise NotUnderstood(_("Say why it may be written to again."))
    session().execute(
        delete(Suppression).where(Suppression.hash == found.hash, Suppression.reason.in_(sorted(LIFTABLE)))
    )
    _journal("lift", pair, at, before={"reason": found.reason.value}, after={"why": why.strip()[:500]})
    return pair


def _journal(what: str, pair: Pair, at: datetime, **told: Any) -> None:
    """By its hash: the list itself does not know whose it is either."""
    subject = f"suppression:{keyed_hash(':'.join(pair))[:16]}"
    journal.record(f"suppression.{what}", subject, at=at, about_id=ids_by_identities([pair]).get(pair), **told)


@dataclass
class Preview:
    """What a file will do. `refused` holds the first of the refused rows: line, what stands there, why."""

    new: int = 0
    known: int = 0
    twice: int = 0
    reasons: Counter[SuppressionReason] = field(default_factory=Counter)
    refused_count: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)

    def refuse(self, line: int, cell: str, why: str) -> None:
        self.refused_count += 1
        if len(self.refused) < FEW:
            self.refused.append((line, cell[:80], why))


def receive(stream: BinaryIO) -> str:
    """Keeps the file until it is decided; its key. Raises NotUnderstood."""
    return files.store(stream, FOLDER, suffix=".csv", at_most=LARGEST, private=True).key


def _rows(key: str) -> Iterator[tuple[int, list[str]]]:
    """Raises NotUnderstood for a file that is no text, NotThere for one that is gone."""
    path = files.path_of(key)
    if not path.exists():
        raise NotThere(_("This file is no longer here: upload it again."))
    content = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise NotUnderstood(_("This file is no text: save it as CSV in UTF-8."))
    if "\x00" in text:
        raise NotUnderstood(_("This file is no text: save it as CSV in UTF-8."))
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise NotUnderstood(_("Line %(line)s cannot be read as CSV.", line=reader.line_num)) from error


def _read(key: str, default: SuppressionReason, told: Preview) -> Iterator[tuple[Pair, SuppressionReason]]:
    """Each identity of the file once, with its reason: the second column's, else the default."""
    region, seen, words = home_region(), set[Pair](), {reason.value: reason for reason in BY_STAFF}
    for place, (line, row) in enumerate(_rows(key)):
        cell = row[0].strip()
        if place == 0 and cell.casefold() in HEADINGS:
            continue
        word = row[1].strip().casefold() if len(row) > 1 else ""
        if word and word not in words:
            told.refuse(line, word, _("This reason is not known: use one of %(words)s.", words=", ".join(words)))
            continue
        try:
            pair = read_identity(cell[:LONGEST_CELL], region)
        except NotUnderstood as error:
            told.refuse(line, cell, str(error))
            continue
        if pair in seen:
            told.twice += 1
            continue
        seen.add(pair)
        yield pair, words[word] if word else default


def preview_list(key: str, default: SuppressionReason) -> Preview:
    """What adding the file would do; nothing is written."""
    told = Preview()
    for chunk in chunks(_read(key, default, told), CHUNK):
        known = suppressed_pairs([pair for pair, _reason in chunk])
        told.known += len(known)
        told.new += len(chunk) - len(known)
        told.reasons.update(reason for _pair, reason in chunk)
    return told


def add_list(key: str, default: SuppressionReason, at: datetime) -> int:
    """How many identities the file named. It is gone afterwards."""
    told, count = Preview(), 0
    for chunk in chunks(_read(key, default, told), CHUNK):
        for reason in BY_STAFF:
            pairs = [pair for pair, given in chunk if given is reason]
            if pairs:
                add_to_list(pairs, reason, at)
        count += len(chunk)
    after = {"identities": count, "refused": told.refused_count, "reason": default.value}
    journal.record("suppression.import", "suppression:list", at=at, after=after)
    return count


def drop_list(key: str) -> None:
    files.remove(key)


def sweep_lists(at: datetime) -> int:
    """Files that nobody decided about; returns how many."""
    folder, oldest, gone = files.path_of(FOLDER), (at - KEPT).timestamp(), 0
    for path in folder.glob("*.csv") if folder.exists() else ():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            gone += 1
    return gone


def exported() -> Iterator[tuple[str, str, str, str]]:
    """(hash, reason, moment, identity) of the whole list; the identity only where we still know somebody by it."""
    lines = {row.hash: row for row in session().execute(select(Suppression.hash, Suppression.reason, Suppression.at))}
    by_hash: dict[str, str] = {}
    for kind, value in session().execute(select(Identity.kind, Identity.value).execution_options(yield_per=CHUNK)):
        one = keyed_hash(f"{kind}:{value}")
        if one in lines:
            by_hash[one] = f"{kind}:{value}"
    for one, row in sorted(lines.items(), key=lambda line: (line[1].at, line[0])):
        yield one, row.reason.value, row.at.isoformat(), by_hash.get(one, "")
