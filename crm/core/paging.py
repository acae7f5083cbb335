"""Lists page by key: a page starts after the last row of the one before, however long the list."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import ColumnElement, Row, Select, and_, or_

from crm.core.db import session
from crm.core.errors import NotUnderstood

PAGE = 50


@dataclass(frozen=True)
class SortKey:
    """One column of the order. Columns must not be null; the last one must be unique."""

    column: Any
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """One page of rows, and the keys of the pages before and after it (None where there is none)."""

    rows: Sequence[Row[Any]]
    before: str | None
    after: str | None


def _pack(values: Sequence[Any]) -> str:
    plain = [{"t": v.isoformat()} if isinstance(v, datetime) else v for v in values]
    return base64.urlsafe_b64encode(json.dumps(plain, ensure_ascii=False).encode()).decode().rstrip("=")


def _unpack(key: str, length: int) -> list[Any]:
    try:
        plain = json.loads(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)))
        values = [datetime.fromisoformat(v["t"]) if isinstance(v, dict) else v for v in plain]
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise NotUnderstood(gettext("This page's address is damaged. Start from the first page.")) from error
    if len(values) != length:
        raise NotUnderstood("this page's address belongs to another order: start from the first page")
    return values


def _beyond(keys: Sequence[SortKey], values: Sequence[Any], backwards: bool) -> ColumnElement[bool]:
    """Rows strictly after (or before) these key values, in the order of the keys."""
    choices = []
    for position, key in enumerate(keys):
        equal = [k.column == v for k, v in zip(keys[:position], values, strict=False)]
        smaller = key.descending != backwards
        past = key.column < values[position] if smaller else key.column > values[position]
        choices.append(and_(*equal, past))
    return or_(*choices)


def page(
    query: Select[*tuple[Any, ...]], keys: Sequence[SortKey], *, after: str | None, before: str | None, size: int = PAGE
) -> Page:
    """Reads one page of `query`. The key columns must be among its selected columns.

    Raises NotUnderstood when a key in the address is damaged.
    """
    backwards = before is not None
    cursor = before if backwards else after
    if cursor:
        query = query.where(_beyond(keys, _unpack(cursor, len(keys)), backwards))
    order = [k.column.desc() if k.descending != backwards else k.column.asc() for k in keys]
    rows = list(session().execute(query.order_by(*order).limit(size + 1)))
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page([], None, None)

    def key_of(row: Row[Any]) -> str:
        return _pack([row._mapping[k.column] for k in keys])

    has_before = more if backwards else bool(cursor)
    has_after = True if backwards else more
    return Page(rows, key_of(rows[0]) if has_before else None, key_of(rows[-1]) if has_after else None)
