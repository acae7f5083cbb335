"""Everything that is kept about one person, for that person."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import datetime
from typing import Any

from crm.core.offers import offers
from crm.core.owned import export_rows, plain
from crm.people.queries import person_or_404

OWN = ("id", "name", "language", "zone", "collected_at", "is_staff")


def export_person(person_id: int, at: datetime) -> dict[str, Any]:
    """By room and table, as JSON can hold it. Raises NotThere."""
    person = person_or_404(person_id)
    rooms: dict[str, Any] = {}
    for room in offers():
        found: dict[str, Any] = dict(export_rows(room.owned, person.id))
        if room.export is not None:
            found |= room.export(person.id)
        if found:
            rooms[room.room] = found
    return {
        "person": {key: plain(getattr(person, key)) for key in OWN},
        "exported_at": at.isoformat(),
        "rooms": rooms,
    }


def export_zip(person_id: int, at: datetime) -> bytes:
    """The same as `person-<id>.json` in a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        content = json.dumps(export_person(person_id, at), ensure_ascii=False, indent=2, default=str)
        archive.writestr(f"person-{person_id}.json", content)
    return out.getvalue()
