"""Thousands of people in one question: their numbers go over as one value, which is much faster than one value each."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, any_, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from crm.core.db import is_postgres, session


def among(column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    if is_postgres():
        found: ColumnElement[bool] = column == any_(cast(bindparam(None, list(ids)), ARRAY(BigInteger)))
        return found
    each = func.json_each(json.dumps(list(ids))).table_valued("value")
    inside: ColumnElement[bool] = column.in_(select(each.c.value))
    return inside


def rows(query: Any) -> Sequence[Any]:
    """Plain rows, without the ORM between."""
    return session().connection().execute(query).all()
