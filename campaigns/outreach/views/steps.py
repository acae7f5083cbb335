"""The steps of a draft, what ends a sequence, and where people stand in it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from campaigns.outreach.actions import NewStep, Wait, put_step, remove_step, set_stops
from campaigns.outreach.actions.drafting import draft_or_refuse
from campaigns.outreach.actions.steps import OtherAccount
from campaigns.outreach.forms import StepForm, step_form
from campaigns.outreach.models import CampaignStep
from campaigns.outreach.queries import campaign_or_404, places_page, step_of, steps_of, texts_of, variants_of
from campaigns.outreach.rules import MOST_STEPS, VARIANTS, Only, PlaceState, Stop
from campaigns.outreach.views import bp
from campaigns.outreach.views.drafts import identity_kinds
from campaigns.outreach.views.words import CONDITIONS, PLACES, WEEKDAYS, why_word
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere, Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff
from crm.outbox.queries.accounts import accounts
from crm.outbox.rules import NOT_IN_CAMPAIGNS, PLACEHOLDERS, Channel

PER_PAGE = 100


def _start(step: CampaignStep) -> dict[str, Any]:
    """The form's values for a step that is there."""
    days, hours = divmod(step.after_hours, 24)
    start: dict[str, Any] = {
        "channel": step.channel.value,
        "identity_kind": step.identity_kind,
        "days": days,
        "hours": hours,
        "weekday": "" if step.on_weekday is None else str(step.on_weekday),
        "at_time": step.at_time,
        "only": step.only.value,
        "sender_id": str(step.sender_id or ""),
    }
    start |= {f"share_{name}": share for name, share in variants_of(step).items()}
    for text in texts_of(step.id):
        key = f"{text.variant}_{text.language}"
        start |= {f"subject_{key}": text.subject, f"body_{key}": text.body}
    return start


def _shown(step: CampaignStep | None) -> int:
    """How many variants the form has room for: those there are, and one more for each press of the button."""
    known = len(variants_of(step)) if step is not None else 1
    asked = request.values.get("variants", type=int) or known
    return max(known, min(asked, len(VARIANTS)))


def _form(step: CampaignStep | None, shown: int) -> StepForm:
    start = _start(step) if step is not None else {"days": 3, "hours": 0}
    form = step_form(programme.required().languages, shown)(data=start)
    form.identity_kind.choices = identity_kinds()
    running = [one.sender for one in accounts(programme.moment()) if one.sender.active]
    form.sender_id.choices = [
        SelectChoice("", _("any that writes there")),
        *(SelectChoice(str(one.id), f"{one.name} ({one.channel})") for one in running),
    ]
    form.weekday.choices = [
        SelectChoice("", _("no weekday")),
        *(SelectChoice(str(number), str(name)) for number, name in enumerate(WEEKDAYS)),
    ]
    form.only.choices = [SelectChoice(only.value, word) for only, word in CONDITIONS.items()]
    return form


def _new_step(form: StepForm, step: CampaignStep | None, shown: int) -> NewStep:
    languages = programme.required().languages
    weekday = form.weekday.data
    return NewStep(
        Channel(form.channel.data),
        form.identity_kind.data or "email",
        {
            name: {
                code: (form[f"subject_{name}_{code}"].data or "", form[f"body_{name}_{code}"].data or "")
                for code in languages
            }
            for name in VARIANTS[:shown]
        },
        {name: 1 if form[f"share_{name}"].data is None else form[f"share_{name}"].data for name in VARIANTS[:shown]},
        Wait(
            (form.days.data or 0) * 24 + (form.hours.data or 0),
            int(weekday) if weekday else None,
            form.at_time.data or "",
        ),
        Only(form.only.data),
        again=bool(step is not None and step.settings.get("again")),
        sender_id=int(form.sender_id.data) if form.sender_id.data else None,
    )


@bp.route("/campaigns/<int:campaign_id>/steps/<int:position>", methods=["GET", "POST"])
@staff(May.OUTREACH)
def edit_step(campaign_id: int, position: int) -> Any:
    """A step that is there, or the one after the last."""
    draft_or_refuse(campaign_id)
    known = len(steps_of(campaign_id))
    if not 1 <= position <= min(known + 1, MOST_STEPS):
        raise NotThere(_("There is no such step."))
    step = step_of(campaign_id, position)
    shown = _shown(step)
    form = _form(step, shown)
    if request.form.get("more"):
        shown = min(shown + 1, len(VARIANTS))
        form = _form(step, shown)
    elif form.validate_on_submit():
        try:
            put_step(campaign_id, position, _new_step(form, step, shown))
        except Refusal as refusal:
            session().rollback()
            refuse(form.sender_id if isinstance(refusal, OtherAccount) else form.identity_kind, str(refusal))
        else:
            session().commit()
            return redirect(url_for("outreach.show", campaign_id=campaign_id))
    return render_template(
        "outreach/step.html",
        campaign=campaign_or_404(campaign_id),
        position=position,
        is_new=position > known,
        form=form,
        variants=VARIANTS[:shown],
        more=shown < len(VARIANTS),
        languages=programme.required().languages,
        placeholders=[name for name in PLACEHOLDERS if name not in NOT_IN_CAMPAIGNS],
    )


@bp.post("/campaigns/<int:campaign_id>/steps/<int:position>/remove")
@staff(May.OUTREACH)
def take_step_out(campaign_id: int, position: int) -> Response:
    remove_step(campaign_id, position)
    session().commit()
    flash(_("The step is taken out."), "success")
    return redirect(url_for("outreach.show", campaign_id=campaign_id))


@bp.post("/campaigns/<int:campaign_id>/stops")
@staff(May.OUTREACH)
def stops(campaign_id: int) -> Response:
    chosen = {Stop(value) for value in request.form.getlist("stops") if value in set(Stop)}
    set_stops(campaign_id, chosen, at=programme.moment())
    session().commit()
    flash(_("Saved."), "success")
    return redirect(url_for("outreach.show", campaign_id=campaign_id))


@bp.get("/campaigns/<int:campaign_id>/places/<state>")
@staff(May.OUTREACH)
def places(campaign_id: int, state: str) -> str:
    """Who stands there, since when, and why."""
    campaign = campaign_or_404(campaign_id)
    if state not in set(PlaceState):
        raise NotThere(_("There is nothing at this address. Check it, or look from the start page."))
    after = request.args.get("after", 0, type=int)
    position = request.args.get("position", type=int)
    if not 0 <= after < 2**63 or not 0 <= (position or 0) <= MOST_STEPS:
        raise NotThere(_("There is nothing at this address. Check it, or look from the start page."))
    why = request.args.get("why")
    rows = list(places_page(campaign_id, PlaceState(state), position, why, after, PER_PAGE + 1))
    more = rows[PER_PAGE - 1][1].id if len(rows) > PER_PAGE else None
    return render_template(
        "outreach/places.html",
        campaign=campaign,
        state=state,
        title=PLACES[PlaceState(state)],
        rows=rows[:PER_PAGE],
        why_word=why_word,
        more=url_for(".places", campaign_id=campaign_id, state=state, position=position, why=why, after=more)
        if more
        else None,
    )
