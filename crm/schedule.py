"""Everything that runs by itself, on one screen. Tasks look for what is due and not done, so a late tick loses nothing.

Each entry: the task by its dotted name, and every how many seconds. While the programme is held, all rest but those in
WHILE_HELD, which do only what a person has just asked for, or keep a promise to those who were forgotten.
"""

from __future__ import annotations

from typing import Any

EVERY: dict[str, float] = {
    "crm.core.jobs.run_due": 5,
    "crm.core.upkeep.learn_again": 6 * 3600,
    "crm.outbox.tasks.send_due": 5,
    "crm.outbox.tasks.sweep_leases": 15,
    "crm.inbound.tasks.read_mailboxes": 60,
    "crm.inbound.tasks.settle_answers": 10,
    "crm.funnel.tasks.settle": 10,
    "crm.funnel.tasks.recompute_for_the_day": 3600,
    "crm.accounts.tasks.sweep": 3600,
    "crm.groups.tasks.give_places": 30,
    "crm.groups.tasks.read_rooms": 20,
    "crm.people.tasks.sweep": 3600,
    "crm.builds.tasks.store_uploads": 10,
    "crm.builds.tasks.look_at_artefacts": 10,
    "crm.builds.tasks.sweep_uploads": 3600,
    "crm.builds.tasks.warn_of_ends": 3600,
    "crm.builds.tasks.sweep_all_seats": 600,
    "crm.builds.tasks.record_batches": 5,
    "campaigns.outreach.tasks.plan_due": 15,
    "campaigns.outreach.tasks.guard": 30,
    "campaigns.outreach.tasks.advance_due": 15,
    "campaigns.releases.tasks.remind_of_reports": 60,
    "campaigns.releases.tasks.plan_weeks": 3600,
    "campaigns.releases.tasks.open_due": 15,
    "campaigns.releases.tasks.advance_due": 30,
    "campaigns.releases.tasks.welcome": 60,
    "campaigns.releases.tasks.call_back": 15,
    "campaigns.releases.tasks.count": 60,
    "campaigns.credits.tasks.remind": 3600,
}

WHILE_HELD = frozenset(
    {
        "crm.builds.tasks.look_at_artefacts",
        "crm.builds.tasks.store_uploads",
        "crm.builds.tasks.sweep_uploads",
        "crm.builds.tasks.record_batches",
        "crm.core.jobs.run_due",
        "crm.funnel.tasks.settle",
        "crm.outbox.tasks.send_due",
        "crm.people.tasks.sweep",
    }
)


def beat_schedule() -> dict[str, Any]:
    """Wakes expire before the next one comes, so that a stopped worker finds one and not a thousand."""
    return {
        name: {"task": name, "schedule": seconds, "options": {"expires": max(5.0, seconds)}}
        for name, seconds in EVERY.items()
    }
