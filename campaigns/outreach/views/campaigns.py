"""The list of campaigns, and one: its state, its figures, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from campaigns.audience.models import Audience
from campaigns.audience.queries import count
from campaigns.outreach import actions
from campaigns.outreach.actions.running import BEFORE
from campaigns.outreach.forms import DOUBTS, PaceForm, StartForm
from campaigns.outreach.models import Campaign, CampaignStep, StepWording
from campaigns.outreach.queries import (
    campaign_or_404,
    campaigns,
    has_very_many,
    is_starting,
    paused_itself,
    people_left_out,
    shares_of,
    standing,
    step_of,
    steps_of,
    texts_by_step,
)
from campaigns.outreach.queries.preflight import preflight, start_failed, wording_troubles
from campaigns.outreach.queries.senders import obstacle_of, senders_of
from campaigns.outreach.rules import ALWAYS_STOPS, MOST_STEPS, CampaignState, LeftOut, Only
from campaigns.outreach.views import bp
from campaigns.outreach.views.words import (
    CONDITIONS,
    PLACES,
    REASONS,
    STOPS,
    TONES,
    WARNINGS,
    state_word,
    wait_words,
    why_word,
)
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere
from crm.core.guards import May, staff, viewer
from crm.core.jobs import Job
from crm.core.languages import LANGUAGES, current_language
from crm.outbox.queries import count_by_origin, count_by_state, count_held, taken_today, when_uncertain
from crm.outbox.queries.words import STATES as LETTER_STATES
from crm.outbox.queries.words import channel_word
from crm.outbox.rules import Channel, LetterState
from crm.people.models import Person
from crm.people.queries.counting import takes_a_while

MOST_SHOWN = 200
MANY = 20_000
"""People of an audience of whom each is looked at within a second."""


@bp.get("/campaigns")
@staff(May.OUTREACH)
def listing() -> str:
    counts = count_by_origin()
    return render_template("outreach/list.html", rows=campaigns(), counts=counts, word=state_word, tones=TONES)


@bp.get("/campaigns/<int:campaign_id>")
@staff(May.OUTREACH)
def show(campaign_id: int) -> str:
    return page(campaign_or_404(campaign_id), StartForm(formdata=None))


def page(campaign: Campaign, start_form: StartForm) -> str:
    """One campaign: what to do next, its sequence, its figures. `start_form` keeps what was typed."""
    steps, before = steps_of(campaign.id), campaign.state in BEFORE
    by_mail = any(step.channel is Channel.MAIL for step in steps)
    starting = is_starting(campaign)
    counted = before and bool(steps) and not starting and _counts_now(campaign)
    late = not before and not request.args.get("count") and has_very_many(campaign.id)
    return render_template(
        "outreach/show.html",
        campaign=campaign,
        step=steps[0] if steps else None,
        steps=_all_drawn(steps),
        by_hand=bool(steps) and all(step.channel is Channel.HAND for step in steps),
        some_by_hand=any(step.channel is Channel.HAND for step in steps),
        audience=session().get(Audience, campaign.audience_id) if campaign.audience_id else None,
        before=before,
        starting=starting,
        late=late,
        planned=preflight(campaign, steps[0], programme.moment()) if counted else None,
        troubles=_troubles(campaign) if counted else [],
        failed=start_failed(campaign) if before else None,
        reasons=REASONS,
        alarm=paused_itself(campaign),
        obstacle=obstacle_of(campaign) if by_mail else "",
        senders=[sender.name for sender in senders_of(campaign.id)] if by_mail else [],
        doubts=DOUBTS[when_uncertain(campaign.origin_id)] if by_mail else "",
        lacks_address=by_mail and not programme.required().postal_address.strip(),
        warnings=WARNINGS,
        stops=STOPS,
        always_stops=ALWAYS_STOPS,
        can_add=len(steps) < MOST_STEPS,
        started_by=session().get(Person, campaign.started_by_id) if campaign.started_by_id else None,
        approved_by=session().get(Person, campaign.approved_by_id) if campaign.approved_by_id else None,
        is_mine=campaign.started_by_id == viewer().person_id,
        state=state_word(campaign),
        tone=TONES[campaign.state],
        start_form=start_form,
        today=_today(campaign),
        pace_form=PaceForm(data={"pace": campaign.pace, "per_day": campaign.per_day}, formdata=None),
        **({} if before or late else progress_of(campaign)),
    )


def _today(campaign: Campaign) -> int | None:
    """How many of its letters have left today, where it has a limit a day and runs."""
    counts = campaign.per_day and campaign.state in (CampaignState.RUNNING, CampaignState.PAUSED)
    return taken_today(campaign.origin_id, programme.moment()) if counts else None


def _counts_now(campaign: Campaign) -> bool:
    """Whether the page itself counts who gets it. Of many people it asks for that when it has been shown."""
    if request.method == "POST" or request.args.get("count"):
        return True
    if takes_a_while():
        return False
    audience = session().get(Audience, campaign.audience_id) if campaign.audience_id else None
    return audience is None or count(audience.filter, programme.moment()) <= MANY


def _all_drawn(steps: Sequence[CampaignStep]) -> list[dict[str, Any]]:
    texts = texts_by_step([step.id for step in steps])
    return [_drawn(step, texts[step.id]) for step in steps]


def _drawn(step: CampaignStep, texts: Sequence[StepWording]) -> dict[str, Any]:
    """A step as the page draws it: when, for whom, over what, with which shares."""
    shares = shares_of(step, texts)
    subjects = {text.language: text.subject for text in reversed(texts) if text.subject}
    subject = subjects.get(current_language()) or next(iter(subjects.values()), "")
    return {
        "position": step.position,
        "by_hand": step.channel is Channel.HAND,
        "over": channel_word(step.identity_kind),
        "wait": wait_words(step),
        "only": CONDITIONS[step.only] if step.only is not Only.EVERYBODY else "",
        "subject": subject,
        "shares": " : ".join(f"{name.upper()} {share}" for name, share in shares.items()) if len(shares) > 1 else "",
    }


def _troubles(campaign: Campaign) -> list[dict[str, str]]:
    """What is likely to go wrong with its words, each with where: step, wording, language."""
    return [
        {
            "text": trouble.text,
            "where": "; ".join(
                " · ".join((_("Step %(number)s", number=step), variant.upper(), LANGUAGES.get(language, language)))
                for step, variant, language in trouble.places
            ),
        }
        for trouble in wording_troubles(campaign)
    ]


def progress_of(campaign: Campaign) -> dict[str, Any]:
    """Where its letters and its people are at this moment."""
    rows = [
        {
            "word": PLACES[state],
            "why": why_word(why),
            "position": position,
            "count": count,
            "url": url_for("outreach.places", campaign_id=campaign.id, state=state.value, position=position, why=why),
        }
        for state, position, why, count in standing(campaign.id)
    ]
    job = session().get(Job, campaign.job_id) if campaign.job_id else None
    return {"letters": _letters(campaign), "standing": rows, "job": job}


def _letters(campaign: Campaign) -> list[dict[str, Any]]:
    """How many letters stand in each state, each figure with the way to them; those that lack a value apart."""
    counts, held = count_by_state(campaign.origin_id), count_held(campaign.origin_id)
    if held:
        counts[LetterState.QUEUED] -= held
    lacking = [{"value": held, "label": _("held: a value is missing"), "url": url_for("outbox.held")}] if held else []
    return lacking + [
        {
            "value": counts[state],
            "label": word,
            "url": url_for("outbox.letters", state=state.value, campaign=campaign.origin_id),
        }
        for state, word in LETTER_STATES.items()
        if counts.get(state)
    ]


@bp.get("/campaigns/<int:campaign_id>/left-out/<reason>")
@staff(May.OUTREACH)
def left_out(campaign_id: int, reason: str) -> str:
    """Whom a reason leaves out: the first of them."""
    campaign, step = campaign_or_404(campaign_id), step_of(campaign_id)
    if step is None or reason not in set(LeftOut):
        raise NotThere(_("There is nothing at this address. Check it, or look from the start page."))
    ids = people_left_out(campaign, step, LeftOut(reason), programme.moment(), MOST_SHOWN)
    people = session().scalars(select(Person).where(Person.id.in_(ids)).order_by(Person.id)).all()
    return render_template(
        "outreach/left_out.html", campaign=campaign, people=people, reason=REASONS[LeftOut(reason)], most=MOST_SHOWN
    )


def _back(campaign: Campaign, message: str) -> Response:
    session().commit()
    flash(message, "success")
    return redirect(url_for("outreach.show", campaign_id=campaign.id))


@bp.post("/campaigns/<int:campaign_id>/pause")
@staff(May.OUTREACH)
def pause(campaign_id: int) -> Response:
    return _back(actions.pause(campaign_id, programme.moment()), _("The campaign pauses: nothing leaves."))


@bp.post("/campaigns/<int:campaign_id>/resume")
@staff(May.OUTREACH)
def resume(campaign_id: int) -> Response:
    return _back(actions.resume(campaign_id, programme.moment()), _("The campaign goes on."))


@bp.post("/campaigns/<int:campaign_id>/finish")
@staff(May.OUTREACH)
def finish(campaign_id: int) -> Response:
    return _back(actions.finish(campaign_id, programme.moment()), _("The campaign is stopped."))


@bp.post("/campaigns/<int:campaign_id>/pace")
@staff(May.OUTREACH)
def pace(campaign_id: int) -> Response:
    form = PaceForm()
    if not form.validate_on_submit():
        flash(_("A pace is a number of letters, 1 or more; leave it empty for no limit."), "error")
        return redirect(url_for("outreach.show", campaign_id=campaign_id))
    actions.set_campaign_pace(campaign_id, form.pace.data, form.per_day.data, at=programme.moment())
    return _back(campaign_or_404(campaign_id), _("The pace is set."))
