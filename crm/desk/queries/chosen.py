"""The filter of people as the reader sees it: sentences that can be removed, fields that can be filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from crm.core.offers import Condition, conditions

LONGEST_VALUE = 200


@dataclass(frozen=True)
class Chip:
    """One condition that holds, as a sentence; without it, `rest` is the filter that is left."""

    key: str
    text: str
    rest: dict[str, str]


def known_filters(given: Mapping[str, str]) -> dict[str, str]:
    """Those of the address that are conditions and ask for something."""
    known = conditions()
    asked = {key: value.strip()[:LONGEST_VALUE] for key, value in given.items() if key in known}
    return {key: value for key, value in asked.items() if value}


def _said(condition: Condition, value: str) -> Any:
    label = str(condition.label)
    if condition.kind == "yes":
        return label
    if condition.kind == "days" and value.isdecimal():
        return _("%(label)s: %(days)s", label=label, days=ngettext("%(num)s day", "%(num)s days", int(value)))
    if condition.kind == "choice" and condition.choices is not None:
        value = dict(condition.choices()).get(value, value)
    elif condition.kind == "text":
        return _("%(label)s: “%(value)s”", label=label, value=value)
    return _("%(label)s: %(value)s", label=label, value=value)


def chips(filters: Mapping[str, str]) -> list[Chip]:
    known = conditions()
    return [
        Chip(key, _said(known[key], value), {k: v for k, v in filters.items() if k != key})
        for key, value in filters.items()
    ]


def filter_fields(filters: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every condition as a field: key, label, kind, value, choices (for yes: of one answer)."""
    fields = []
    for key, condition in conditions().items():
        choices = None
        if condition.kind == "choice" and condition.choices is not None:
            choices = [("", _("any")), *condition.choices()]
        elif condition.kind == "yes":
            choices = [("", _("any")), ("yes", _("yes"))]
        fields.append(
            {
                "key": key,
                "label": str(condition.label),
                "kind": condition.kind,
                "value": filters.get(key, ""),
                "choices": choices,
            }
        )
    return fields
