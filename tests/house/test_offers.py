"""Whatever is kept about a person is merged, exported and forgotten by the room that keeps it."""

from __future__ import annotations

from flask import Flask

from crm.core.db import db
from crm.core.offers import offers

NOT_ABOUT_THEM = {
    "restand.person_id",  # a mark that is gone when the funnel has looked
    "erasure.person_id",  # the record that somebody was forgotten
    "erasure.by_id",
    "journal.actor_id",  # emptied with the journal of the person, see people's forget
    "journal.about_id",
    "merge.keep_id",  # stays as it was made, so that merges are undone in their order; emptied by people's forget
    "merge.lose_id",
    "job.by_id",
}


def person_columns() -> set[str]:
    found = set()
    for table in db.metadata.tables.values():
        for column in table.columns:
            if any(key.column.table.name == "person" for key in column.foreign_keys) and column.table.name != "person":
                found.add(f"{table.name}.{column.name}")
    return found


def test_each_table_with_a_person_key_is_in_some_rooms_offers(app: Flask) -> None:
    with app.app_context():
        owned = {f"{own.table.name}.{own.column}" for room in offers() for own in room.owned}
    missing = person_columns() - owned - NOT_ABOUT_THEM
    assert not missing, f"no room says how these are merged, exported and forgotten: {sorted(missing)}"
