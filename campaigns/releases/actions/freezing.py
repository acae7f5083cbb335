"""Freezing fixes what leaves: the build, its notes, who gets it in which wave, and what they are written."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete

from campaigns.audience.actions import freeze_people
from campaigns.releases.actions.letters import put_wordings
from campaigns.releases.actions.moves import cancel_release, move
from campaigns.releases.actions.telling import tell_managers
from campaigns.releases.models import Release, Train, Wave
from campaigns.releases.queries import people_in, release_or_404, steps_of, waves_of
from campaigns.releases.rules import BEFORE_ANYBODY, ReleaseState, mark
from crm.builds.actions import fix_build
from crm.builds.models import Build
from crm.core import programme
from crm.core.db import session
from crm.core.errors import MoveRefused


class NothingToFreeze(MoveRefused):
    """A release has no build, or one that nobody may have."""


def build_to_open(release: Release, at: datetime) -> Build:
    """Raises NothingToFreeze."""
    build = session().get(Build, release.build_id) if release.build_id is not None else None
    if build is None:
        raise NothingToFreeze(_("This release has no build yet: choose one, then open it."))
    if build.withdrawn_at is not None:
        raise NothingToFreeze(_("%(version)s has been withdrawn: choose another build.", version=build.version))
    if build.held_at is not None:
        raise NothingToFreeze(_("%(version)s is on hold, and nobody can get it.", version=build.version))
    if build.expires_at is not None and build.expires_at <= at:
        raise NothingToFreeze(_("%(version)s has come to its end: renew it, or choose another.", version=build.version))
    return build


def lay_waves(release: Release) -> list[Wave]:
    """Gives a release the waves of its train as they are now, in place of those it had."""
    session().execute(delete(Wave).where(Wave.release_id == release.id))
    waves = [
        Wave(release_id=release.id, position=position, kind=step.kind, percent=step.percent, notify=step.notify)
        for position, step in enumerate(steps_of(release.train_id))
    ]
    session().add_all(waves)
    session().flush()
    return waves


def name_of(release: Release) -> str:
    return f"{session().get_one(Train, release.train_id).name} {release.turn.name}"


def fix_its_build(release: Release, at: datetime) -> None:
    """Its build stays as it is from now on; what had no file before is fixed with those that have come meanwhile."""
    assert release.build_id is not None
    fix_build(release.build_id, mark(release.id), name_of(release), at)


def fix_words(release: Release, at: datetime) -> None:
    """Its build stays as it is from now on, and its letters are worded with the notes it has."""
    fix_its_build(release, at)
    put_wordings(release, at)


def freeze_release(release_id: int, at: datetime) -> Release:
    """From planned to frozen. Raises NothingToFreeze, and MoveRefused."""
    build = build_to_open(release_or_404(release_id), at)
    release = move(release_id, ReleaseState.FROZEN, at=at, frozen_at=at)
    if release.build_id != build.id:
        raise MoveRefused(_("Somebody else has just chosen another build: look at it again."))
    waves = lay_waves(release)
    for wave in waves:
        title = f"{name_of(release)} {wave.position + 1}"
        wave.list_id = freeze_people(people_in(release, wave, waves, at), title, at)
    session().flush()
    fix_words(release, at)
    return release


def freeze_or_hold(release_id: int, at: datetime) -> bool:
    """At the time to freeze: frozen; or, when it has no build, stopped as `stop_without_build` says."""
    try:
        freeze_release(release_id, at)
        return True
    except NothingToFreeze:
        with force_locale(programme.required().languages[0]):
            why = _("There was no build that people could get when it was to be frozen.")
        _stop(release_id, why, at)
        return False


def stop_without_build(release_id: int, at: datetime) -> bool:
    """It was to go on, and has no build: on hold, and the managers of releases are told.

    One of a daily train waits for its build until it leaves, and is then cancelled without a letter, as the next one
    follows; unless people have its build already. False while it waits.
    """
    return _stop(release_id, _too_late(), at)


def _too_late() -> str:
    with force_locale(programme.required().languages[0]):
        return str(_("There was no build that people could get when it was to leave."))


def _stop(release_id: int, why: str, at: datetime) -> bool:
    release = session().get_one(Release, release_id, populate_existing=True, with_for_update=True)
    with suppress(NothingToFreeze):
        build_to_open(release, at)
        return False  # somebody has just chosen one
    if not release.day or release.state not in BEFORE_ANYBODY:
        tell_managers(move(release_id, ReleaseState.HELD, at=at, why=why, held_at=at), at)
    elif release.opens_at <= at:
        cancel_release(release_id, at, _too_late())
    else:
        return False
    return True


def has_opened(release: Release) -> bool:
    """Whether anybody may have its build by it."""
    return any(wave.opened_at is not None for wave in waves_of(release))
