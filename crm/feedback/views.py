"""Requests: one list and one page each, which testers and staff share; what each may do differs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import pgettext
from werkzeug.wrappers import Response

from crm.builds.queries import builds_of, newest_builds
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.forms import text
from crm.core.guards import May, signed_in, staff, tester, viewer
from crm.core.languages import current_language
from crm.core.pages import back
from crm.feedback import actions, queries
from crm.feedback.forms import (
    KINDS,
    SHORT_SEVERITIES,
    STATES,
    TONES,
    AnswerForm,
    FaultForm,
    IdeaForm,
    RequestForm,
    ShipForm,
)
from crm.feedback.models import Request
from crm.feedback.rules import HALF_LIFE, STAFF_MOVES, RequestKind, RequestState, Severity, heat_at, takes_support

bp = Blueprint("feedback", __name__, template_folder="templates")
BUILDS = 50
FEW = 12
ANY = "any"


@bp.context_processor
def _words() -> dict[str, Any]:
    choices = [(kind.value, label) for kind, label in KINDS.items()]
    words = {"kinds": KINDS, "severities": SHORT_SEVERITIES, "states": STATES, "tones": TONES}
    return {**words, "kinds_choices": choices}


def _reader() -> int:
    """Testers, and staff who care for requests."""
    if not (viewer().is_tester or viewer().may(May.REQUESTS)):
        abort(403)
    return viewer().person_id


def _chosen(name: str, states: type[RequestState | RequestKind], otherwise: Any) -> Any:
    value = request.args.get(name, "")
    return states(value) if value in set(states) else otherwise if name not in request.args else None


def _tabs(wanted: queries.Wanted, kept: dict[str, Any]) -> list[dict[str, Any]]:
    """One for each state with how many there are, and one for all."""
    counts = queries.counts(wanted)
    tabs = [(state.value, STATES[state], counts.get(state, 0)) for state in RequestState]
    tabs.append((ANY, pgettext("requests", "All"), sum(counts.values())))
    here = wanted.state.value if wanted.state else ANY
    return [
        {
            "label": label,
            "url": url_for("feedback.requests", state=key, **kept),
            "current": key == here,
            "count": count,
        }
        for key, label, count in tabs
    ]


@bp.get("/requests")
@signed_in
def requests() -> str:
    reader = _reader()
    mine = request.args.get("whose") == "mine"
    wanted = queries.Wanted(
        _chosen("state", RequestState, None if mine else RequestState.OPEN),
        _chosen("kind", RequestKind, None),
        request.args.get("q", "").strip()[:100],
        reader if mine else None,
    )
    page = queries.by_heat(wanted, reader, request.args.get("after"), request.args.get("before"))
    now = programme.moment()
    kept = {key: value for key, value in request.args.items() if key not in ("after", "before", "state")}
    return render_template(
        "feedback/list.html",
        page=page,
        wanted=wanted,
        mine=mine,
        items=_tabs(wanted, kept),
        kept=kept,
        state_key=wanted.state.value if wanted.state else ANY,
        heat=lambda row: heat_at(row.heat, now),
        takes_support=takes_support,
    )


@bp.route("/requests/new/<kind>", methods=["GET", "POST"])
@tester
def new(kind: str) -> str | Response | tuple[str, int]:
    if kind not in set(RequestKind):
        raise NotThere(_("There is no such kind of request."))
    form: RequestForm = FaultForm() if kind == RequestKind.FAULT else IdeaForm()
    form.offer_builds([build for build, _since in builds_of(viewer().person_id, BUILDS, programme.moment())])
    if not form.validate_on_submit():
        return render_template("feedback/new.html", form=form, kind=kind), 422 if form.is_submitted() else 200
    made = actions.write_request(
        viewer().person_id,
        RequestKind(kind),
        text(form.title),
        text(form.body),
        at=programme.moment(),
        severity=Severity(form.severity.data) if isinstance(form, FaultForm) else None,
        expected=text(form.expected),
        build_id=form.build_id,
        language=current_language(),
    )
    session().commit()
    flash(_("Your request is in the list. You are the first who needs it."), "success")
    return redirect(url_for("feedback.show", request_id=made.id))


def _page(found: Request, status: int = 200, answer_form: AnswerForm | None = None) -> Any:
    now = programme.moment()
    may = viewer().may(May.REQUESTS)
    ship = ShipForm(formdata=None)
    if may:
        ship.offer_builds(newest_builds(BUILDS))
    return render_template(
        "feedback/show.html",
        one=found,
        needed=queries.needs(found.id, viewer().person_id),
        takes_support=takes_support(found.state),
        heat=heat_at(found.heat, now),
        lately=queries.lately(found.id, now - HALF_LIFE),
        half_life=HALF_LIFE.days,
        answers=queries.answers_of(found.id),
        build=queries.build_name(found.build_id),
        shipped_in=queries.build_name(found.shipped_in_id),
        supporters=queries.supporters_page(found.id, None, None).rows[:FEW] if may else [],
        author=queries.name_of(found.author_id) if may else "",
        moves=STAFF_MOVES[found.state] if may else (),
        answer_form=answer_form or AnswerForm(formdata=None),
        ship=ship,
    ), status


@bp.get("/requests/<int:request_id>")
@signed_in
def show(request_id: int) -> Any:
    _reader()
    return _page(queries.request_or_404(request_id))


def _after_pressing(request_id: int) -> Response | str:
    """The button and its count for a script that asked for them, else the page from which it was pressed.

    The request's own page tells more that changes with it, the heat and who needs it, and is loaded again.
    """
    own = url_for("feedback.show", request_id=request_id)
    if request.headers.get("HX-Request") and urlsplit(request.headers.get("HX-Current-URL", "")).path == own:
        return Response(headers={"HX-Refresh": "true"})
    if request.headers.get("HX-Request"):
        found = queries.request_or_404(request_id)
        needed = queries.needs(request_id, viewer().person_id)
        return render_template("feedback/_fragments/need_answer.html", one=found, needed=needed)
    return back(own)


@bp.post("/requests/<int:request_id>/need")
@tester
def need(request_id: int) -> Response | str:
    actions.support(request_id, viewer().person_id, programme.moment())
    session().commit()
    return _after_pressing(request_id)


@bp.post("/requests/<int:request_id>/need-no-more")
@tester
def need_no_more(request_id: int) -> Response | str:
    actions.withdraw_support(request_id, viewer().person_id)
    session().commit()
    return _after_pressing(request_id)


@bp.post("/requests/<int:request_id>/withdraw")
@tester
def withdraw(request_id: int) -> Response:
    state = actions.withdraw_request(request_id, viewer().person_id, at=programme.moment())
    session().commit()
    if state is RequestState.WITHDRAWN:
        flash(_("Your request is withdrawn."), "success")
    else:
        flash(_("You no longer need it; others do, so it stays in the list."), "success")
    return redirect(url_for("feedback.show", request_id=request_id))


@bp.post("/requests/<int:request_id>/answers")
@staff(May.REQUESTS)
def answer(request_id: int) -> Any:
    found, form = queries.request_or_404(request_id), AnswerForm()
    if not form.validate():
        return _page(found, 422, form)
    actions.answer(request_id, text(form.body), staff_id=viewer().person_id, at=programme.moment())
    session().commit()
    flash(_("Your answer is public."), "success")
    return redirect(url_for("feedback.show", request_id=request_id))


@bp.post("/requests/<int:request_id>/move")
@staff(May.REQUESTS)
def move(request_id: int) -> Response:
    to, was = request.form.get("to", ""), request.form.get("was", "")
    if to not in set(RequestState) or was not in set(RequestState) or to == RequestState.WITHDRAWN:
        abort(400)
    build = request.form.get("shipped_in", "")
    actions.move(
        request_id,
        RequestState(to),
        at=programme.moment(),
        shipped_in_id=int(build) if build.isdecimal() and len(build) < 15 else None,
        was=RequestState(was),
    )
    session().commit()
    return redirect(url_for("feedback.show", request_id=request_id))


@bp.get("/requests/<int:request_id>/supporters")
@staff(May.REQUESTS)
def supporters(request_id: int) -> str:
    found = queries.request_or_404(request_id)
    page = queries.supporters_page(request_id, request.args.get("after"), request.args.get("before"))
    return render_template("feedback/supporters.html", one=found, page=page)


BLUEPRINTS = (bp,)
