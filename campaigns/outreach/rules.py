"""States of a campaign and the moves between them. Pure."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote


class CampaignState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


CAMPAIGN_MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.RUNNING}),
    CampaignState.RUNNING: frozenset({CampaignState.PAUSED, CampaignState.FINISHED}),
    CampaignState.PAUSED: frozenset({CampaignState.RUNNING, CampaignState.FINISHED}),
    CampaignState.FINISHED: frozenset(),
}


class LeftOut(StrEnum):
    """Why somebody of the audience gets no letter; the first reason that holds, in this order."""

    STAFF = "staff"
    DECLINED = "declined"
    SUPPRESSED = "suppressed"
    NO_BASIS = "no_basis"
    NO_IDENTITY = "no_identity"
    WRITTEN_TO = "written_to"


JOB = "outreach.plan"
CHUNK = 2000
MOST_PER_HOUR = 1_000_000


def occasion(campaign_id: int, position: int = 1) -> str:
    """A campaign's letters of one step: each person gets one."""
    return f"campaign:{campaign_id}:{position}"


PROFILES = {
    "qq": "https://user.qzone.qq.com/{}",
    "github": "https://github.com/{}",
    "weibo": "https://weibo.com/n/{}",
    "telegram": "https://t.me/{}",
    "matrix": "https://matrix.to/#/{}",
}


def profile_url(kind: str, value: str) -> str | None:
    """Where a person can be seen or written to, as far as an address can be formed; of a forum its front page."""
    if kind in PROFILES:
        return PROFILES[kind].format(quote(value.removeprefix("@") if kind == "telegram" else value, safe="@:"))
    site = kind.removeprefix("forum:")
    return f"https://{quote(site)}/" if site != kind and "." in site else None
