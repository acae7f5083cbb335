"""Stages and the moves between them. Pure."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """A person without a standing is a prospect; `declined` and `lapsed` stand beside the ladder."""

    PROSPECT = "prospect"
    CONTACTED = "contacted"
    JOINED = "joined"
    ACTIVE = "active"
    RETAINED = "retained"
    LAPSED = "lapsed"
    DECLINED = "declined"


LADDER = (Stage.CONTACTED, Stage.JOINED, Stage.ACTIVE, Stage.RETAINED)
