"""Who a row is about. Rows are taken one by one, so that what comes out cannot depend on how many are read at once.

A person is a number: above zero one who is known to the database, below zero one who is new in this chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from crm.people.actions.importing.cells import Said

Pair = tuple[str, str]


@dataclass
class Outcome:
    """What a chunk comes to. `who` names the person of each row, in order (see `standing_for`)."""

    new: int = 0
    known: int = 0
    who: list[int] = field(default_factory=list)
    given: dict[Pair, int] = field(default_factory=dict)
    absorbed: dict[int, int] = field(default_factory=dict)
    proposals: dict[tuple[int, int], int] = field(default_factory=dict)


class Matcher:
    """`owners` are the identities known before; `is_ours(id)` tells people whom this very import made earlier.

    A row that joins two people whom this import made makes them one; a row that joins two known people is a proposal.
    """

    def __init__(self, owners: dict[Pair, int], is_ours: Callable[[int], bool]) -> None:
        self._owners = owners
        self._is_ours = is_ours
        self._last = 0

    def match(self, said: Iterable[Said]) -> Outcome:
        outcome = Outcome()
        for row in said:
            outcome.who.append(self._place(row, outcome))
        return outcome

    def _place(self, row: Said, outcome: Outcome) -> int:
        owners = self._owners
        pairs = row.pairs
        if len(pairs) == 1:
            pair = pairs[0]
            person = owners.get(pair)
            if person is None:
                self._last -= 1
                owners[pair] = outcome.given[pair] = self._last
                outcome.new += 1
                return self._last
            outcome.known += 1
            return standing_for(person, outcome.absorbed)
        met = {standing_for(owners[pair], outcome.absorbed) for pair in pairs if pair in owners}
        if not met:
            self._last -= 1
            person = self._last
            outcome.new += 1
        else:
            person = met.pop() if len(met) == 1 else self._join(met, row.line, outcome)
            outcome.known += 1
        for pair in pairs:
            if pair not in owners:
                owners[pair] = outcome.given[pair] = person
        return person

    def _join(self, met: set[int], line: int, outcome: Outcome) -> int:
        """One row names several people. The first of those known before stands, else the one who came first."""
        before = sorted(one for one in met if one > 0 and not self._is_ours(one))
        ours = sorted((one for one in met if one not in before), key=lambda one: (one < 0, abs(one)))
        keep, rest = (before[0], ours) if before else (ours[0], ours[1:])
        for other in before[1:]:
            outcome.proposals.setdefault((keep, other), line)
        for other in rest:
            outcome.absorbed[other] = keep
            outcome.new -= 1
            outcome.known += 1
        return keep


def standing_for(person: int, absorbed: dict[int, int]) -> int:
    """The person who stands for this one after rows have joined them."""
    while person in absorbed:
        person = absorbed[person]
    return person
