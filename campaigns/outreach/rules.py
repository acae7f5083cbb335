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


APPS = {
    "qq": "mqqapi://card/show_pslcard?src_type=internal&version=1&card_type=person&uin={}",
    "wechat": "weixin://",
    "weibo": "sinaweibo://userinfo?nick={}",
    "telegram": "tg://resolve?domain={}",
}


def profile_url(kind: str, value: str, address: str = "") -> str | None:
    """Where a person can be seen or written to, as far as an address can be formed; of a forum its front page.

    `address`: where an account's forum shows a member, with {} for the name.
    """
    if address:
        return address.replace("{}", quote(value, safe=""))
    if kind in PROFILES:
        return PROFILES[kind].format(quote(value.removeprefix("@") if kind == "telegram" else value, safe="@:"))
    site = kind.removeprefix("forum:")
    return f"https://{quote(site)}/" if site != kind and "." in site else None


def app_url(kind: str, value: str) -> str | None:
    """What opens the person in an app on the same phone; WeChat has no address of a person and opens by itself."""
    return APPS[kind].format(quote(value.removeprefix("@"), safe="")) if kind in APPS else None
