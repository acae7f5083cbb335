"""Who is in the story and what becomes of each: drawn once, from a fixed seed, before anything is replayed."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from crm.demo.names import gbk_only, names

SEED = 20100816
RECRUITING_WEEKS = 16
WEEKS = 70
FORUMS = ("gfan.example", "hiapk.example", "weiphone.example", "xda.example", "bbs.meizu.example")
BOARDS = ("ROM 交流", "刷机教程", "新机报道", "Android development", "综合讨论")
GBK_FORUMS = FORUMS[:3]
LONGEST_TRIAL = 38


@dataclass(frozen=True)
class Size:
    """How many people; `scale` 1 is the real story."""

    scale: float

    def of(self, count: int, least: int = 1) -> int:
        return max(least, round(count * self.scale))

    @property
    def contacted(self) -> int:
        return self.of(56_000)

    @property
    def joined(self) -> int:
        return self.of(23_000)

    @property
    def active(self) -> int:
        return self.of(5_600)

    @property
    def retained(self) -> int:
        return self.of(1_200)

    @property
    def untouched(self) -> int:
        return self.of(2_000)

    @property
    def by_fcode(self) -> int:
        return self.of(240)

    @property
    def writers(self) -> int:
        """People who write a request; more than 1,000 at full size."""
        return self.of(1_150)

    @property
    def group_places(self) -> int:
        return self.of(2_000)


@dataclass
class Member:
    """One person of the story. Weeks count from the first week of recruiting; None: it does not happen."""

    number: int
    name: str
    forum: str
    board: str
    role: str
    mail: str | None
    qq: str
    contacted: int | None = None
    refuses: bool = False
    joined: int | None = None
    accepted: int | None = None
    active: list[int] = field(default_factory=list)
    stays: bool = False
    by_fcode: bool = False
    person_id: int = 0

    @property
    def nick(self) -> str:
        return f"u{self.number:05d}"

    @property
    def batch(self) -> str:
        """The tag by which a week's campaign finds its people."""
        if self.contacted is None:
            return "later"
        return f"{'mail' if self.mail else 'hand'}-{self.contacted + 1:02d}"


def _role(rng: Random) -> str:
    return rng.choices(("member", "expert", "moderator"), (92, 6, 2))[0]


def _member(rng: Random, number: int, name: str) -> Member:
    """Odd names that GBK cannot hold live in the forums whose list is in UTF-8."""
    forum = rng.choices(FORUMS, (30, 20, 10, 25, 15))[0]
    if forum in GBK_FORUMS and not gbk_only(name):
        forum = rng.choice(FORUMS[3:])
    mail = f"u{number:05d}@{rng.choice(('post', 'mail', 'inbox'))}.example" if rng.random() < 0.72 else None
    board = BOARDS[FORUMS.index(forum)]
    return Member(number, name, forum, board, _role(rng), mail, str(100_000_000 + number * 7))


def _weeks_of_a_trial(rng: Random, start: int) -> list[int]:
    """Somebody who tries for a while and falls silent, before a year has made them retained."""
    length = min(1 + int(rng.expovariate(1 / 9)), LONGEST_TRIAL)
    return [start, *(w for w in range(start + 1, start + length) if rng.random() < 0.75)]


def _weeks_of_the_faithful(rng: Random, start: int) -> list[int]:
    """Somebody who stays: misses a week now and then, never more than three in a row."""
    weeks, missed = [start], 0
    for week in range(start + 1, WEEKS):
        if missed < 3 and rng.random() < 0.16:
            missed += 1
        else:
            weeks.append(week)
            missed = 0
    return weeks


def draw(size: Size) -> list[Member]:
    """Everybody: those who are contacted, those who never are, and friends who come by F-code."""
    rng = Random(SEED)  # noqa: S311 -- a story, not a secret
    named = names(rng)
    written = size.contacted - size.by_fcode
    everybody = [_member(rng, number, next(named)) for number in range(1, written + size.untouched + 1)]
    contacted = rng.sample(everybody, written)
    for position, member in enumerate(contacted):
        member.contacted = position * RECRUITING_WEEKS // written
    joiners = rng.sample(contacted, size.joined - size.by_fcode)
    testers = rng.sample(joiners, size.active - size.by_fcode)
    stayers = {member.number for member in rng.sample(testers, size.retained)}
    for member in joiners:
        assert member.contacted is not None
        member.joined = member.contacted + (rng.random() < 0.25)
    for member in testers:
        assert member.joined is not None
        member.accepted = start = member.joined + (rng.random() < 0.2)
        member.stays = member.number in stayers
        member.active = _weeks_of_the_faithful(rng, start) if member.stays else _weeks_of_a_trial(rng, start)
    for member in contacted:
        member.refuses = member.joined is None and rng.random() < 0.03
    return everybody + _friends(rng, size, len(everybody))


def _friends(rng: Random, size: Size, last: int) -> list[Member]:
    """Friends come when there are testers to invite them, and too late to be retained by the last day."""
    found = []
    stream = names(rng)
    for number in range(last + 1, last + 1 + size.by_fcode):
        member = _member(rng, number, next(stream))
        member.mail = member.mail or f"{member.nick}@post.example"
        week = rng.randrange(RECRUITING_WEEKS + 6, WEEKS - 8)
        member.by_fcode, member.joined, member.accepted = True, week, week
        member.active = _weeks_of_a_trial(rng, week)
        member.active = [w for w in member.active if w < WEEKS]
        found.append(member)
    return found
