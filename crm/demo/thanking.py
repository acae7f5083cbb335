"""The story's end: consent, the boot screen, and time that is held."""

from __future__ import annotations

from datetime import timedelta

from campaigns.credits.actions import (
    answer_many,
    create_edition,
    freeze_edition,
    render_edition,
    ship,
    start_round,
)
from campaigns.credits.rules import ConsentAnswer, Look, Part, RuleKind, Wording, rule_of
from crm.accounts.rules import Role
from crm.core import jobs
from crm.core.db import session
from crm.core.programme import required
from crm.core.upkeep import learn
from crm.demo import words
from crm.demo.plan import WEEKS
from crm.demo.telling import MONDAY, THURSDAY, TUESDAY, Telling
from crm.outbox.actions import deliver_due, record_touches
from crm.outbox.rules import Outcome
from crm.people.actions import add_note, assign, tag


class Thanking(Telling):
    """From testers to names on the boot screen."""

    def _ask_for_names(self) -> None:
        """The last week begins with a consent round; whoever has not answered is to be reminded in the next."""
        at = self.at(WEEKS - 1, MONDAY, 10)
        start_round(at, by_id=self.staff["release"])
        session().commit()
        jobs.run_due.run()
        deliver_due(at + timedelta(hours=1))
        session().commit()

    def _thank(self) -> None:
        """Those who stayed say yes to their name; of the others some said no and some have not answered."""
        at = self.at(WEEKS - 1, THURSDAY, 12)
        rows = []
        for member in self.members:
            if member.stays:
                rows.append((member.person_id, ConsentAnswer.YES, member.name, at))
            elif member.active and self.rng.random() < 0.3:
                yes = self.rng.random() < 0.6
                rows.append((member.person_id, ConsentAnswer.YES if yes else ConsentAnswer.NO, member.name, at))
        answer_many(rows)
        with self.by(Role.COMMUNITY):
            self._mark_the_core()
        self._leave_some_waiting()
        self._settle(self.ends_at)
        with self.by(Role.RELEASE):
            self._ship_an_edition()

    def _ship_an_edition(self) -> None:
        edition = create_edition(
            words.EDITION,
            rule_of([Part(RuleKind.RETAINED)]),
            self.ends_at,
            Look(wordings={"zh": Wording(words.EDITION_TITLE, words.EDITION_SUBTITLE)}),
            at=self.ends_at,
            by_id=self.staff["release"],
        )
        freeze_edition(edition.id, self.ends_at)
        render_edition(edition.id, self.ends_at)
        self._hold()
        jobs.run_due.run()
        ship(edition.id, self.ends_at, build_id=self._build_id)
        session().commit()

    def _mark_the_core(self) -> None:
        staying = [m for m in self.members if m.stays]
        core = [m.person_id for m in staying[:: max(1, len(staying) // self.size.of(100))]]
        tag(core, "core")
        assign(core, self.staff["community"])
        for person_id in core[: self.size.of(30)]:
            add_note(person_id, self.rng.choice(words.NOTES), at=self.ends_at, author_id=self.staff["community"])

    def _leave_some_waiting(self) -> None:
        """In the last week some wrote to us and have no answer yet."""
        at = self.at(WEEKS - 1, TUESDAY, 9)
        people = [m for m in self.active[WEEKS - 1] if m.stays][: self.size.of(40)]
        touches = [
            self._touch(m, at + timedelta(hours=i % 70), Outcome.REPLIED, words.REPLIES[i % len(words.REPLIES)])
            for i, m in enumerate(people)
        ]
        record_touches(touches, recorded_at=self.ends_at)
        session().commit()

    def _hold(self) -> None:
        """From here on time stands still, also for the drawing."""
        known = required()
        known.held_at, known.story_scale = self.ends_at, f"{self.size.scale:g}"
        learn()
        session().commit()
