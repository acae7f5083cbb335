"""The journal: who changed what, when, before and after."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import render_template, request, url_for

from crm.accounts.queries import journal_actors, journal_query
from crm.accounts.views import bp
from crm.accounts.views.words import DEEDS, REASON_WORDS, STATE_NAMES, THINGS, WEEKDAY_WORDS, WHY_WORDS
from crm.core.guards import May, staff
from crm.core.journal import JournalEntry
from crm.core.paging import SortKey, page

NOBODY = 0
LONGEST_NUMBER = 19


@dataclass(frozen=True)
class Change:
    """One thing that differs; an empty text where there was nothing."""

    key: str
    before: str
    after: str


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _thing(key: str) -> str:
    return str(THINGS[key]) if key in THINGS else key.replace("_", " ")


def _value(key: str, value: Any) -> str:
    shown = _shown(value)
    known = {"state": STATE_NAMES, "why": WHY_WORDS, "reason": REASON_WORDS, "weekday": WEEKDAY_WORDS}
    words = known.get(key, {})
    return str(words.get(shown, shown))


def changes(entry: JournalEntry) -> list[Change]:
    before, after = entry.before or {}, entry.after or {}
    keys = [*before, *(key for key in after if key not in before)]
    return [Change(_thing(key), _value(key, before.get(key)), _value(key, after.get(key))) for key in keys]


def deed(action: str) -> str:
    """`people.add_identity` as people say it; a deed of no list is told by its own name."""
    known = DEEDS.get(action)
    return str(known) if known is not None else action.rpartition(".")[2].replace("_", " ")


def _whose(actor: str) -> int | None:
    """None: anybody's. What is no number of a person finds nothing."""
    if not actor:
        return None
    return int(actor) if actor.isdecimal() and len(actor) < LONGEST_NUMBER else NOBODY


@bp.get("/settings/journal")
@staff(May.JOURNAL)
def journal_page() -> Any:
    actor, subject = request.args.get("actor", ""), request.args.get("subject", "").strip()
    query = journal_query(_whose(actor), subject)
    found = page(
        query,
        [SortKey(JournalEntry.id, descending=True)],
        after=request.args.get("after"),
        before=request.args.get("before"),
    )
    chosen = {key: value for key, value in (("actor", actor), ("subject", subject)) if value}

    def url(key: str, cursor: str | None) -> str | None:
        found: dict[str, Any] = {**chosen, key: cursor}
        return url_for("accounts.journal_page", **found) if cursor else None

    return render_template(
        "accounts/journal.html",
        entries=[(row[0], changes(row[0])) for row in found.rows],
        actors=[(str(number), name) for number, name in journal_actors()],
        deed=deed,
        actor=actor,
        subject=subject,
        newer_url=url("before", found.before),
        older_url=url("after", found.after),
    )
