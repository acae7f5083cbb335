"""The steps of a draft: where each is written, when, to whom, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from campaigns.outreach.actions.drafting import draft_or_refuse
from campaigns.outreach.models import CampaignStep, StepWording
from campaigns.outreach.queries import step_of
from campaigns.outreach.rules import MOST_DAYS, MOST_STEPS, VARIANTS, Only
from crm.core.db import session
from crm.core.errors import NotThere, NotUnderstood
from crm.outbox.models import Sender
from crm.outbox.queries.wordings import check_text
from crm.outbox.rules import NOT_IN_CAMPAIGNS, Channel
from crm.people.rules import is_identity_kind

Texts = Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Wait:
    """Before a later step: hours from when the one before left, then until a weekday (0: Monday) and a time there."""

    hours: int = 0
    weekday: int | None = None
    at_time: str = ""


@dataclass(frozen=True, slots=True)
class NewStep:
    """`variants` has subject and body by language for each variant; `shares` says how many parts each gets."""

    channel: Channel
    identity_kind: str
    variants: Mapping[str, Texts]
    shares: Mapping[str, int] = field(default_factory=dict)
    wait: Wait = Wait()
    only: Only = Only.EVERYBODY
    again: bool = False
    sender_id: int | None = None


def _kept(variants: Mapping[str, Texts], channel: Channel) -> dict[str, dict[str, tuple[str, str]]]:
    """The texts that are not empty, checked. Raises NotUnderstood."""
    found = {}
    for variant, texts in variants.items():
        kept = {language: (s.strip(), b.strip()) for language, (s, b) in texts.items() if b.strip()}
        if channel is Channel.MAIL and not all(subject for subject, _body in kept.values()):
            raise NotUnderstood(_("A letter by mail needs a subject in each language."))
        for subject, body in kept.values():
            check_text(subject, without=NOT_IN_CAMPAIGNS)
            check_text(body, without=NOT_IN_CAMPAIGNS)
        if kept and variant in VARIANTS:
            found[variant] = kept
    if not found:
        raise NotUnderstood(_("Write the text in at least one language."))
    if len({frozenset(texts) for texts in found.values()}) > 1:
        raise NotUnderstood(_("Write each variant in the same languages, else they cannot be compared."))
    return found


def _check_wait(wait: Wait) -> None:
    if not 0 <= wait.hours <= MOST_DAYS * 24 or wait.weekday not in (None, *range(7)):
        raise NotUnderstood(_("A wait is at most %(days)s days.", days=MOST_DAYS))
    try:
        if wait.at_time:
            time.fromisoformat(wait.at_time)
    except ValueError as error:
        raise NotUnderstood(_("Write the time of day as 18:30.")) from error


def _shares(new: NewStep, names: set[str]) -> dict[str, int]:
    shares = {name: int(new.shares.get(name, 1)) for name in sorted(names)}
    if any(not 0 <= share <= 1000 for share in shares.values()) or not sum(shares.values()):
        raise NotUnderstood(_("Shares are whole numbers from 0 to 1,000, and one of them is above 0."))
    return shares


class OtherAccount(NotUnderstood):
    """The account of a step does not write where the step is written, or not any more."""


def _check_account(sender_id: int, kind: str) -> None:
    account = session().get(Sender, sender_id)
    if account is None or not account.active or account.channel != kind:
        raise OtherAccount(_("This account does not write there: choose one that does, or any."))


def put_step(campaign_id: int, position: int, new: NewStep) -> CampaignStep:
    """Makes the step at this place, or writes it anew; one past the last adds it. Raises NotUnderstood, MoveRefused."""
    campaign = draft_or_refuse(campaign_id)
    kind = "email" if new.channel is Channel.MAIL else new.identity_kind
    if not is_identity_kind(kind) or (new.channel is Channel.HAND and kind == "email"):
        raise NotUnderstood(_("Choose where the message is written: QQ, WeChat, a forum ..."))
    sender_id = new.sender_id if new.channel is Channel.HAND else None
    if sender_id is not None:
        _check_account(sender_id, kind)
    _check_wait(new.wait)
    kept = _kept(new.variants, new.channel)
    shares = _shares(new, set(kept))
    last = session().scalar(select(func.max(CampaignStep.position)).where(CampaignStep.campaign_id == campaign.id)) or 0
    if not 1 <= position <= min(last + 1, MOST_STEPS):
        raise NotUnderstood(_("A campaign has at most %(count)s steps, one after the other.", count=MOST_STEPS))
    step = step_of(campaign.id, position) or CampaignStep(campaign_id=campaign.id, position=position)
    first = position == 1
    step.channel, step.identity_kind, step.sender_id = new.channel, kind, sender_id
    step.settings = {**(step.settings or {}), "again": new.again, "shares": shares}
    step.after_hours = 0 if first else new.wait.hours
    step.on_weekday = None if first else new.wait.weekday
    step.at_time = "" if first else new.wait.at_time
    step.only = Only.EVERYBODY if first else new.only
    session().add(step)
    session().flush()
    session().execute(delete(StepWording).where(StepWording.step_id == step.id))
    session().add_all(
        StepWording(step_id=step.id, language=language, variant=variant, subject=subject, body=body)
        for variant, texts in kept.items()
        for language, (subject, body) in texts.items()
    )
    session().flush()
    return step


def set_step(
    campaign_id: int,
    channel: Channel,
    identity_kind: str,
    wordings: Texts,
    sender_id: int | None = None,
    *,
    again: bool = False,
) -> CampaignStep:
    """The campaign's first step in one wording; its other variants stay, and its account while it is written in
    the same place. Raises NotUnderstood and MoveRefused."""
    step = step_of(campaign_id)
    variants: dict[str, Texts] = {}
    shares: dict[str, int] = {}
    if step is not None:
        same = step.channel is channel and step.identity_kind == identity_kind
        sender_id = step.sender_id if sender_id is None and same else sender_id
        shares = step.settings.get("shares") or {}
        for text in session().scalars(select(StepWording).where(StepWording.step_id == step.id)):
            variants[text.variant] = {**variants.get(text.variant, {}), text.language: (text.subject, text.body)}
    new = NewStep(channel, identity_kind, {**variants, "a": wordings}, shares, again=again, sender_id=sender_id)
    return put_step(campaign_id, 1, new)


def remove_step(campaign_id: int, position: int) -> None:
    """Takes a later step out; those after it move up. Raises NotThere and MoveRefused."""
    draft_or_refuse(campaign_id)
    step = step_of(campaign_id, position)
    if step is None or position == 1:
        raise NotThere(_("There is no such step."))
    session().delete(step)
    session().flush()
    after = CampaignStep.campaign_id == campaign_id, CampaignStep.position > position
    for one in session().scalars(select(CampaignStep).where(*after).order_by(CampaignStep.position)).all():
        session().execute(update(CampaignStep).where(CampaignStep.id == one.id).values(position=one.position - 1))
    session().expire_all()
