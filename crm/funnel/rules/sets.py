"""Rule sets as the path reads them, and which of them holds in which counted week."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crm.funnel.rules.released import Counted
from crm.funnel.rules.weekbits import span


@dataclass(frozen=True)
class Rules:
    """One rule set; it holds from the week `since` on. The letters are DOMAIN.md's, all of them in weeks."""

    version: int
    since: int
    a: int = 1
    b: int = 4
    m: int = 52
    k: int = 3
    n: int = 13
    g: int = 2


DEFAULT = Rules(version=1, since=0)


@dataclass(frozen=True)
class Part:
    """The counted weeks in which one rule set holds: for what happens within them, and for what their ends decide."""

    rules: Rules
    within: int
    ends: int


class Ground:
    """What all people's paths stand on: the counted weeks up to a moment, and the rule sets over them.

    The end of a week is the first moment of the next: a rule that holds from a Monday on decides on that Monday.
    Before the first rule set the first one holds, so that history can be computed.
    """

    def __init__(self, counted: Counted, rule_sets: Iterable[Rules]) -> None:
        self.counted = counted
        ordered = sorted(rule_sets, key=lambda rules: (rules.since, rules.version)) or [DEFAULT]
        holding = [rules for rules in ordered if rules.since <= counted.running] or ordered[:1]
        chosen = list({rules.since: rules for rules in holding}.values())
        within = [0, *(counted.below(rules.since) for rules in chosen[1:]), counted.count]
        ends = [0, *(counted.below(rules.since - 1) for rules in chosen[1:]), counted.count]
        self.parts = [
            Part(rules, span(within[i], within[i + 1]), span(ends[i], ends[i + 1])) for i, rules in enumerate(chosen)
        ]
        self.is_changing = len(chosen) > 1
        self.changes = sum(part.ends & -part.ends for part in self.parts[1:])
        self.latest = chosen[-1]

    def within(self, index: int) -> Rules:
        """The rules by which a check-in in this counted week is judged."""
        if not self.is_changing:
            return self.latest
        return next((part.rules for part in self.parts if part.within >> index & 1), self.latest)

    def at_end(self, index: int) -> Rules:
        """The rules by which the end of this counted week is judged."""
        if not self.is_changing:
            return self.latest
        return next((part.rules for part in self.parts if part.ends >> index & 1), self.latest)
