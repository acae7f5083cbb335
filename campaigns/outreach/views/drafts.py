"""A campaign before it starts: made, changed, previewed for a real person."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from campaigns.audience.queries import audiences
from campaigns.outreach.actions import create_campaign, edit_campaign, preview, send_test, set_senders, set_step
from campaigns.outreach.actions.drafting import decide_when_uncertain, draft_or_refuse
from campaigns.outreach.forms import CampaignForm, campaign_form
from campaigns.outreach.models import Campaign, CampaignStep
from campaigns.outreach.queries import campaign_or_404, somebody, step_of, texts_of, variants_of
from campaigns.outreach.queries.senders import senders_of
from campaigns.outreach.rules import MOST_STEPS, variant_of
from campaigns.outreach.views import bp
from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood, Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.core.languages import LANGUAGES
from crm.core.web import letter_page
from crm.outbox.queries import when_uncertain
from crm.outbox.queries.mail_accounts import sender_choices
from crm.outbox.queries.wordings import check_text
from crm.outbox.queries.words import FALLBACK, PLACES, channel_word
from crm.outbox.rules import NOT_IN_CAMPAIGNS, PLACEHOLDERS, Channel, WhenUncertain
from crm.people.models import Identity, Person
from crm.people.queries import matching, person_or_404


def _row(text: str) -> int:
    """A row's number out of an address. Raises ValueError for one that no row can have."""
    number = int(text)
    if not 0 <= number < 2**63:
        raise ValueError(text)
    return number


def identity_kinds() -> list[SelectChoice]:
    """Kinds of identity that somebody has, mail aside."""
    kinds = session().scalars(select(Identity.kind).distinct().order_by(Identity.kind))
    found = [kind for kind in kinds if kind != "email"] or ["qq", "wechat"]
    return [SelectChoice(kind, channel_word(kind)) for kind in found]


def _form(campaign: Campaign | None) -> CampaignForm:
    languages = programme.required().languages
    start: dict[str, Any] = {"audience_id": request.args.get("audience", type=_row)}
    if campaign is not None:
        start = {"name": campaign.name, "audience_id": campaign.audience_id}
        start |= {"pace": campaign.pace, "per_day": campaign.per_day}
        start["when_uncertain"] = when_uncertain(campaign.origin_id).value
        start["senders"] = [sender.id for sender in senders_of(campaign.id)]
        step = step_of(campaign.id)
        if step is not None:
            start |= {"channel": step.channel.value, "identity_kind": step.identity_kind}
            start["again"] = bool(step.settings.get("again"))
            for text in (one for one in texts_of(step.id) if one.variant == "a"):  # the others have pages of their own
                start |= {f"subject_{text.language}": text.subject, f"body_{text.language}": text.body}
    form = campaign_form(languages)(data=start)
    form.audience_id.choices = [SelectChoice(one.id, one.name) for one in audiences()]
    form.identity_kind.choices = identity_kinds()
    form.senders.choices = [SelectChoice(number, name) for number, name in _senders(campaign)]
    return form


def _senders(campaign: Campaign | None) -> list[tuple[int, str]]:
    """Those in use, and those that were chosen while they were."""
    chosen = senders_of(campaign.id) if campaign is not None else []
    return list({**dict(sender_choices()), **{sender.id: sender.name for sender in chosen}}.items())


def _save(form: CampaignForm, campaign: Campaign | None) -> Campaign:
    name, audience_id, at = form.name.data or "", form.audience_id.data, programme.moment()
    pace, per_day = form.pace.data, form.per_day.data
    if campaign is None:
        saved = create_campaign(name, audience_id, at=at, by_id=viewer().person_id, pace=pace, per_day=per_day)
    else:
        saved = edit_campaign(campaign.id, name, audience_id, pace, per_day, at=at)
    wordings = {
        language: (form[f"subject_{language}"].data or "", form[f"body_{language}"].data or "")
        for language in programme.required().languages
    }
    by_mail = form.channel.data == Channel.MAIL
    set_senders(saved.id, (form.senders.data or []) if by_mail else [], at=at)
    decide_when_uncertain(saved.id, WhenUncertain(form.when_uncertain.data), at=at)
    kind = form.identity_kind.data or "email"
    set_step(saved.id, Channel(form.channel.data), kind, wordings, again=bool(form.again.data))
    return saved


def _texts_hold(form: CampaignForm) -> bool:
    """Tells beside each text what is wrong with it."""
    for field in (form[f"{part}_{code}"] for code in programme.required().languages for part in ("subject", "body")):
        try:
            check_text(field.data or "", without=NOT_IN_CAMPAIGNS)
        except NotUnderstood as fault:
            refuse(field, str(fault))
    return not form.errors


def _page(campaign: Campaign | None) -> Any:
    form = _form(campaign)
    if form.validate_on_submit() and _texts_hold(form):
        try:
            saved = _save(form, campaign)
        except Refusal as refusal:
            session().rollback()
            first = form[f"body_{programme.required().languages[0]}"]
            refuse(first if isinstance(refusal, NotUnderstood) else form.name, str(refusal))
        else:
            session().commit()
            return redirect(url_for("outreach.show", campaign_id=saved.id))
    return render_template(
        "outreach/form.html",
        form=form,
        campaign=campaign,
        languages=programme.required().languages,
        placeholders={name: PLACES[name] for name in PLACEHOLDERS if name not in NOT_IN_CAMPAIGNS},
        fallback=FALLBACK,
        has_audiences=bool(form.audience_id.choices),
    )


@bp.route("/campaigns/new", methods=["GET", "POST"])
@staff(May.OUTREACH)
def new() -> Any:
    return _page(None)


@bp.route("/campaigns/<int:campaign_id>/edit", methods=["GET", "POST"])
@staff(May.OUTREACH)
def edit(campaign_id: int) -> Any:
    return _page(draft_or_refuse(campaign_id))


def _step(campaign_id: int, position: int) -> tuple[Campaign, CampaignStep]:
    campaign = campaign_or_404(campaign_id)
    step = step_of(campaign_id, position) if 0 < position <= MOST_STEPS else None
    if step is None:
        raise NotThere(_("This campaign has no wording yet: write what its letters say."))
    return campaign, step


@bp.get("/campaigns/<int:campaign_id>/preview")
@staff(May.OUTREACH)
def show_preview(campaign_id: int) -> str:
    """What a real person of the audience would read; anybody by name, identity or number; a later step by `?step=`."""
    campaign, step = _step(campaign_id, request.args.get("step", 1, type=int))
    at = programme.moment()
    asked, who = request.args.get("person", type=_row), request.args.get("who", "").strip()
    if who:
        chosen = session().scalar(matching({"q": who}, at).order_by(Person.id).limit(1))
    elif asked is not None:
        chosen = asked
    else:
        chosen = somebody(campaign, step, at, request.args.get("after", 0, type=_row))
    variants = variants_of(step)
    return render_template(
        "outreach/preview.html",
        campaign=campaign,
        step=step,
        variant=variant_of(campaign.id, chosen, variants) if chosen is not None and len(variants) > 1 else None,
        by_mail=step.channel is Channel.MAIL,
        who=who,
        languages=LANGUAGES,
        person=person_or_404(chosen) if chosen is not None else None,
        rendered=preview(campaign, step, chosen) if chosen is not None else [],
    )


@bp.get("/campaigns/<int:campaign_id>/preview/<int:person_id>/<language>")
@staff(May.OUTREACH)
def preview_html(campaign_id: int, person_id: int, language: str) -> Response:
    """The letter as it will look, for the frame on the preview."""
    campaign, step = _step(campaign_id, request.args.get("step", 1, type=int))
    for one in preview(campaign, step, person_id):
        if one.language == language and one.letter.html:
            return letter_page(one.letter.html)
    raise NotThere(_("There is nothing at this address. Check it, or look from the start page."))


@bp.post("/campaigns/<int:campaign_id>/preview/<int:person_id>/test")
@staff(May.OUTREACH)
def test_letter(campaign_id: int, person_id: int) -> Response:
    campaign, step = _step(campaign_id, request.args.get("step", 1, type=int))
    to = person_or_404(viewer().person_id)
    count = send_test(campaign, step, person_id, to, programme.moment())
    session().commit()
    told = ngettext("%(num)s test letter is on its way to you.", "%(num)s test letters are on their way to you.", count)
    flash(told, "success")
    preview_page = url_for("outreach.show_preview", campaign_id=campaign_id, person=person_id, step=step.position)
    return redirect(preview_page)
