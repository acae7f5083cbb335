"""What staff do with a release: each a button on its page, the grave ones with a reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import flash, make_response, redirect, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.releases.actions import (
    cancel_release,
    close_release,
    freeze_release,
    go_on_opening,
    hold_release,
    let_go,
    overrule,
    plan_again,
    resume_release,
    roll_back,
    start_opening,
)
from campaigns.releases.views import bp
from campaigns.releases.views.release import Tried, page_of
from crm.core import programme
from crm.core.db import session
from crm.core.errors import MoveRefused, NotThere, Refusal
from crm.core.guards import May, staff, viewer
from crm.core.pages import typed


def _or_its_page(step: str) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
    """A step that is refused shows the release as it stands by now, with the refusal and the reason that was typed."""

    def around(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def stepped(release_id: int, **places: Any) -> Response:
            try:
                return view(release_id, **places)
            except NotThere:
                raise
            except Refusal as error:
                session().rollback()
                tried = Tried(step, str(error), typed("why"), isinstance(error, MoveRefused))
                return make_response(page_of(release_id, tried), error.status)

        return stepped

    return around


def _done(release_id: int, told: str = "") -> Response:
    session().commit()
    if told:
        flash(told, "success")
    return redirect(url_for("releases.show", release_id=release_id))


@bp.post("/releases/<int:release_id>/freeze")
@staff(May.RELEASES)
@_or_its_page("freeze")
def freeze(release_id: int) -> Response:
    freeze_release(release_id, programme.moment())
    return _done(release_id, _("The release is frozen: build, notes, people and wording stay as they are."))


@bp.post("/releases/<int:release_id>/go")
@staff(May.RELEASES)
@_or_its_page("go")
def go(release_id: int) -> Response:
    let_go(release_id, programme.moment())
    return _done(release_id, _("It leaves when its time has come."))


@bp.post("/releases/<int:release_id>/open")
@staff(May.RELEASES)
@_or_its_page("open_now")
def open_now(release_id: int) -> Response:
    start_opening(release_id, programme.moment(), viewer().person_id)
    return _done(release_id, _("The release is opening."))


@bp.post("/releases/<int:release_id>/go-on")
@staff(May.RELEASES)
@_or_its_page("go_on")
def go_on(release_id: int) -> Response:
    go_on_opening(release_id, programme.moment(), viewer().person_id)
    return _done(release_id, _("The opening goes on. Who has their letter gets no second one."))


@bp.post("/releases/<int:release_id>/waves/<int:position>/overrule")
@staff(May.RELEASES)
@_or_its_page("overrule")
def overrule_gate(release_id: int, position: int) -> Response:
    overrule(release_id, position, typed("why"), programme.moment(), viewer().person_id)
    return _done(release_id, _("The wave opens. Your reason is in the journal."))


@bp.post("/releases/<int:release_id>/hold")
@staff(May.RELEASES)
@_or_its_page("hold")
def hold(release_id: int) -> Response:
    hold_release(release_id, typed("why"), programme.moment())
    return _done(
        release_id, _("The release is on hold: nobody is offered its build, and waiting letters are called back.")
    )


@bp.post("/releases/<int:release_id>/resume")
@staff(May.RELEASES)
@_or_its_page("resume")
def resume(release_id: int) -> Response:
    resume_release(release_id, programme.moment(), viewer().person_id)
    return _done(release_id, _("The release goes on where it was, with the same people."))


@bp.post("/releases/<int:release_id>/roll-back")
@staff(May.RELEASES)
@_or_its_page("back")
def take_back(release_id: int) -> Response:
    roll_back(release_id, typed("why"), programme.moment())
    return _done(release_id, _("The build is withdrawn: devices are offered the one before."))


@bp.post("/releases/<int:release_id>/cancel")
@staff(May.RELEASES)
@_or_its_page("cancel")
def cancel(release_id: int) -> Response:
    cancel_release(release_id, programme.moment())
    return _done(release_id, _("The release is cancelled. Nobody is written to."))


@bp.post("/releases/<int:release_id>/plan-again")
@staff(May.RELEASES)
@_or_its_page("again")
def again(release_id: int) -> Response:
    plan_again(release_id, programme.moment())
    return _done(release_id)


@bp.post("/releases/<int:release_id>/close")
@staff(May.RELEASES)
@_or_its_page("close")
def close(release_id: int) -> Response:
    close_release(release_id, programme.moment())
    return _done(release_id, _("The release is closed."))
