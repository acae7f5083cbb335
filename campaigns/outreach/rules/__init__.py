"""States of a campaign and the moves between them, its steps in time, who gets which variant. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from hashlib import blake2b
from itertools import pairwise
from urllib.parse import quote
from zoneinfo import ZoneInfo


class CampaignState(StrEnum):
    DRAFT = "draft"
    APPROVAL = "approval"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


CAMPAIGN_MOVES: dict[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.APPROVAL, CampaignState.SCHEDULED, CampaignState.RUNNING}),
    CampaignState.APPROVAL: frozenset({CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.RUNNING}),
    CampaignState.SCHEDULED: frozenset({CampaignState.DRAFT, CampaignState.APPROVAL, CampaignState.RUNNING}),
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


class Stop(StrEnum):
    """What ends a person's sequence, if the campaign says so; since the campaign began, a refusal at any time."""

    JOINED = "joined"
    REPLIED = "replied"
    REFUSED = "refused"
    BOUNCED = "bounced"


ALWAYS_STOPS = frozenset({Stop.REFUSED, Stop.BOUNCED})
"""No campaign goes on with whom it must not, or cannot, write to."""


class Only(StrEnum):
    """Whom a later step is for, of those whose sequence has come to it. Others pass it by and go on."""

    EVERYBODY = "everybody"
    NOT_REPLIED = "not_replied"
    REPLIED = "replied"
    NOT_OPENED = "not_opened"
    OPENED = "opened"
    NOT_JOINED = "not_joined"
    JOINED = "joined"


class PlaceState(StrEnum):
    """Where a person stands in the sequence: waits for the next step, has had the last, was stopped, got nothing."""

    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"
    LEFT_OUT = "left_out"


CAMPAIGN_STOPPED = "campaign_stopped"
"""Why a place has ended: nobody gets a further step."""
PLACE_MOVES: dict[PlaceState, frozenset[PlaceState]] = {
    PlaceState.WAITING: frozenset({PlaceState.WAITING, PlaceState.DONE, PlaceState.STOPPED}),
    PlaceState.DONE: frozenset({PlaceState.STOPPED}),
    PlaceState.STOPPED: frozenset(),
    PlaceState.LEFT_OUT: frozenset(),
}
NEVER_AGAIN = frozenset({LeftOut.STAFF, LeftOut.DECLINED, LeftOut.SUPPRESSED})
"""Reasons that end a sequence which has begun; for the others a step is passed by."""

VARIANTS = ("a", "b", "c", "d")
MOST_STEPS = 12
MOST_DAYS = 365
LOOK_AGAIN = timedelta(minutes=15)
"""How soon a letter that has not left yet is looked at again: the wait after it counts from when it left."""


def holds(only: Only, facts: frozenset[str]) -> bool:
    """Whether a step's condition is met by what is known of a person: `replied`, `opened`, `joined`."""
    if only is Only.EVERYBODY:
        return True
    wanted = only.value.removeprefix("not_")
    return (wanted in facts) is (only.value == wanted)


def second_paths(conditions: Sequence[Only]) -> frozenset[int]:
    """The steps (the first is 1) whose condition is the opposite of the one before: both are decided at one moment,
    when the first of the two is due. A step belongs to one pair.
    """
    found: set[int] = set()
    for position, (before, only) in enumerate(pairwise(conditions), 2):
        opposite = f"not_{before.value}" == only.value or f"not_{only.value}" == before.value
        if opposite and position - 1 not in found:
            found.add(position)
    return frozenset(found)


def ready_at(left_at: datetime, hours: int, weekday: int | None, clock_time: str, zone: ZoneInfo) -> datetime:
    """When the next step is due: `hours` after the one before left, then not before this weekday (0: Monday) and
    time of the person's own zone. A time that the clocks skip in spring is the moment they skip to.
    """
    earliest = left_at + timedelta(hours=hours)
    if weekday is None and not clock_time:
        return earliest
    local = earliest.astimezone(zone)
    wanted = time.fromisoformat(clock_time) if clock_time else time(0)
    days = 0 if weekday is None else (weekday - local.weekday()) % 7
    if days == 0 and not clock_time:
        return earliest
    found = datetime.combine(local.date() + timedelta(days=days), wanted, zone)
    if found < earliest:
        later = found.date() + timedelta(days=1 if weekday is None else 7)
        found = datetime.combine(later, wanted, zone)
    return found.astimezone(left_at.tzinfo)


def variant_of(campaign_id: int, person_id: int, shares: Mapping[str, int]) -> str:
    """The variant a person gets, the same for ever: the first 8 bytes of blake2b of "campaign:person" as a fraction
    of 2^64, laid on the shares in the order of their names.
    """
    total = sum(shares.values())
    digest = blake2b(f"{campaign_id}:{person_id}".encode(), digest_size=8).digest()
    point = int.from_bytes(digest) * total
    reached = 0
    for name in sorted(shares):
        reached += shares[name]
        if point < reached << 64:
            return name
    raise ValueError("a step needs a share above nothing")


def sender_of(campaign_id: int, person_id: int, senders: Collection[int]) -> int | None:
    """Whom of these a person gets all their letters from: the one with the highest blake2b of "campaign:person:sender".

    When one is given up, only its people move, evenly to the others. None when there are none.
    """
    return max(
        senders,
        key=lambda one: (blake2b(f"{campaign_id}:{person_id}:{one}".encode(), digest_size=8).digest(), one),
        default=None,
    )


JOB = "outreach.plan"
START_JOB = "outreach.start"
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
