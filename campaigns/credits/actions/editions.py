"""An edition's life: draft, frozen, shipped, superseded; each move by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, delete, update
from sqlalchemy.exc import IntegrityError

from campaigns.credits.actions.drawing import check_look
from campaigns.credits.actions.rendering import forget_renderings
from campaigns.credits.models import Edition, EditionName
from campaigns.credits.queries import chosen, edition_or_404, is_drawn, names_of
from campaigns.credits.rules import EDITION_MOVES, EditionState, Look, look_of, told_of
from crm.core import journal
from crm.core.bulk import load
from crm.core.db import session
from crm.core.errors import MoveRefused, NotUnderstood

EDITION_NAME = cast(Table, EditionName.__table__)


def _add(made: Edition) -> None:
    """Raises NotUnderstood when another edition has this name."""
    try:
        with session().begin_nested():
            session().add(made)
            session().flush()
    except IntegrityError as error:
        raise _name_taken(made.name) from error


def _name_taken(name: str) -> NotUnderstood:
    return NotUnderstood(_("There is a boot screen named %(name)s already: choose another name.", name=name))


def create_edition(
    name: str,
    rule: Mapping[str, Any],
    as_of: datetime,
    look: Look,
    *,
    at: datetime,
    by_id: int | None = None,
) -> Edition:
    """`rule` as rules.rule_of makes it. Raises NotUnderstood for a look that cannot be drawn."""
    check_look(look)
    made = Edition(
        name=name,
        rule=dict(rule),
        as_of=as_of,
        look=told_of(look),
        created_at=at,
        created_by_id=by_id,
        state=EditionState.DRAFT,
    )
    chosen(made)
    _add(made)
    journal.record(
        "create_edition", f"edition:{made.id}", at=at, after={"name": name, "rule": made.rule, "look": made.look}
    )
    return made


def change_edition(
    edition_id: int, *, name: str, rule: Mapping[str, Any], as_of: datetime, look: Look, at: datetime
) -> None:
    """A draft's name, people, day and look. Raises MoveRefused once it is frozen."""
    check_look(look)
    edition = edition_or_404(edition_id)
    before = {"name": edition.name, "rule": edition.rule, "as_of": edition.as_of.isoformat(), "look": edition.look}
    statement = (
        update(Edition)
        .where(Edition.id == edition_id, Edition.state == EditionState.DRAFT)
        .values(name=name, rule=dict(rule), as_of=as_of, look=told_of(look))
        .returning(Edition.id)
    )
    try:
        with session().begin_nested():
            changed = session().execute(statement).first()
    except IntegrityError as error:
        raise _name_taken(name) from error
    if changed is None:
        raise MoveRefused(_("This boot screen is frozen: take it back to a draft before you change it."))
    after = {"name": name, "rule": dict(rule), "as_of": as_of.isoformat(), "look": told_of(look)}
    journal.record("change_edition", f"edition:{edition_id}", at=at, before=before, after=after)


def trial_of(edition: Edition, rule: Mapping[str, Any], as_of: datetime, look: Look) -> Edition:
    """The draft as a change would make it, kept nowhere."""
    return Edition(
        id=edition.id, name=edition.name, rule=dict(rule), as_of=as_of, look=told_of(look), state=EditionState.DRAFT
    )


def _move(edition_id: int, to: EditionState, at: datetime, **values: Any) -> EditionState:
    """Moves an edition when it stands where that move starts; returns from where. Raises MoveRefused."""
    starts = [state for state, ends in EDITION_MOVES.items() if to in ends]
    was = edition_or_404(edition_id).state
    moved = session().execute(
        update(Edition)
        .where(Edition.id == edition_id, Edition.state == was, Edition.state.in_(starts))
        .values(state=to, **values)
        .returning(Edition.id)
    )
    if moved.first() is None:
        raise MoveRefused(_("This boot screen is in another state by now. Look at its page again."))
    journal.record(
        f"{to.value}_edition", f"edition:{edition_id}", at=at, before={"state": was.value}, after={"state": to.value}
    )
    return was


def freeze_edition(edition_id: int, at: datetime) -> int:
    """Keeps who is on it, under which names, in their order; returns how many. Raises MoveRefused for an empty one,
    NotUnderstood for a look that cannot be drawn."""
    edition = edition_or_404(edition_id)
    check_look(look_of(edition.look))
    names = names_of(edition)
    _move(edition_id, EditionState.FROZEN, at, frozen_at=at)
    if not names:
        raise MoveRefused(_("Nobody is on this boot screen: ask for consent first, or choose another day."))
    rows = [(edition_id, *name, place) for place, name in enumerate(names, start=1)]
    return load(EDITION_NAME, ("edition_id", "person_id", "shown_name", "section", "position"), rows)


def reopen_edition(edition_id: int, at: datetime) -> None:
    """Back to a draft: what was kept and drawn is dropped, and whoever withdrew is no longer on it."""
    _move(edition_id, EditionState.DRAFT, at, frozen_at=None)
    session().execute(delete(EditionName).where(EditionName.edition_id == edition_id))
    forget_renderings([edition_id])


def ship(edition_id: int, at: datetime, *, build_id: int | None = None) -> None:
    """It leaves for the testers' devices; the one before is superseded. Raises MoveRefused before it is drawn."""
    if not is_drawn(edition_or_404(edition_id)):
        raise MoveRefused(_("This boot screen has not been drawn yet: draw it before you ship it."))
    _move(edition_id, EditionState.SHIPPED, at, shipped_at=at, build_id=build_id)
    older = session().scalars(
        update(Edition)
        .where(Edition.state == EditionState.SHIPPED, Edition.id != edition_id)
        .values(state=EditionState.SUPERSEDED)
        .returning(Edition.id)
    )
    for other in older.all():
        journal.record(
            "superseded_edition",
            f"edition:{other}",
            at=at,
            before={"state": EditionState.SHIPPED.value},
            after={"state": EditionState.SUPERSEDED.value},
        )


def publish(edition_id: int, at: datetime) -> bool:
    """Lets everybody see a boot screen that has shipped, or takes that back; returns which. Raises MoveRefused."""
    edition = edition_or_404(edition_id)
    if edition.state not in (EditionState.SHIPPED, EditionState.SUPERSEDED):
        raise MoveRefused(_("Only a boot screen that has shipped is published: its people have not seen it yet."))
    was = edition.published_at
    edition.published_at = None if was else at
    session().flush()
    journal.record(
        "publish_edition", f"edition:{edition_id}", at=at, before={"public": bool(was)}, after={"public": not was}
    )
    return not was
