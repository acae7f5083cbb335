"""Moves and rules as sentences in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import format_date, gettext, ngettext

from crm.core import weeks
from crm.funnel.models import Move
from crm.funnel.rules import Stage


def _(sentence: str, **values: Any) -> str:
    return str(gettext(sentence, **values))


def title_of(move: Move) -> str:
    """What happened, in a few words."""
    if move.to_stage is Stage.CONTACTED:
        return _("We wrote for the first time")
    if move.to_stage is Stage.JOINED:
        return _("Joined again") if move.from_stage is Stage.LAPSED else _("Joined")
    if move.to_stage is Stage.ACTIVE:
        if move.from_stage is Stage.LAPSED:
            return _("Came back: active again")
        return _("From retained back to active") if move.from_stage is Stage.RETAINED else _("Became active")
    if move.to_stage is Stage.RETAINED:
        return _("Became retained")
    if move.to_stage is Stage.DECLINED:
        return _("Asked to be left alone: declined")
    return _("Left the programme") if move.why.get("fact") == "left" else _("Lapsed")


def reason_of(move: Move) -> str:
    """The fact, or the rule and its figures."""
    why = move.why
    parts = []
    if move.to_stage is Stage.CONTACTED and why.get("channel"):
        parts.append(_("The first touch from us went by %(channel)s.", channel=why["channel"]))
    if why.get("by") == "group":
        parts.append(_("By joining a group."))
    if why.get("by") == "agreement":
        parts.append(_("By accepting the tester agreement."))
    if "weeks" in why:
        parts.append(_weeks(why))
    if "tenure" in why:
        parts.append(_tenure(why))
    if "grace" in why:
        parts.append(_grace(why))
    if move.rule_version is not None:
        parts.append(_("Rule %(version)s.", version=move.rule_version))
    if move.reconstructed:
        parts.append(_("Computed afterwards from older facts: nobody was warned or written to."))
    if move.superseded_at is not None:
        parts.append(
            _("Told differently since %(day)s, when earlier facts came in.", day=format_date(move.superseded_at))
        )
    return " ".join(parts)


def _weeks(why: Mapping[str, Any]) -> str:
    return _(
        "Ran a build in %(weeks)s of the last %(of)s weeks (needed: %(needed)s).",
        weeks=why["weeks"],
        of=why["of"],
        needed=why["needed"],
    )


def _tenure(why: Mapping[str, Any]) -> str:
    return _(
        "Weeks since first active: %(tenure)s (needed: %(needed)s).",
        tenure=why["tenure"],
        needed=why["tenure_needed"],
    )


def _grace(why: Mapping[str, Any]) -> str:
    grace = str(
        ngettext(
            "After a warning and %(num)s week of grace.",
            "After a warning and %(num)s weeks of grace.",
            int(why["grace"]),
        )
    )
    if not why.get("last"):
        return grace
    friday = weeks.friday(weeks.from_iso_name(why["last"]))
    return grace + " " + _("Last ran a build in the week of %(friday)s.", friday=format_date(friday))
