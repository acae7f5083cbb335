"""What a real person would read, before anything is frozen; and the same as a letter to oneself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from campaigns.outreach.actions.planning import called
from campaigns.outreach.models import Campaign, CampaignStep, StepWording
from campaigns.outreach.queries import texts_of, variants_of
from campaigns.outreach.queries.senders import senders_for
from campaigns.outreach.rules import variant_of
from crm.core import journal, programme
from crm.core.errors import NotUnderstood
from crm.core.tokens import new_secret, whole_address
from crm.outbox.actions import NewLetter, plan_letters, put_wording
from crm.outbox.queries.rendering import Rendered, rendered, values_of
from crm.outbox.queries.warnings import Warn, warnings_of
from crm.outbox.queries.wordings import missing
from crm.outbox.rules import Channel, Lane
from crm.people.models import Person
from crm.people.queries import addresses, person_or_404


def _values(step: CampaignStep, person: Person) -> dict[str, str]:
    """The link leads nowhere: a real one would let staff accept in its reader's name."""
    value = addresses([person.id], step.identity_kind).get(person.id, "")
    return {"name": called(person.name, step.identity_kind, value), "link": whole_address("/i/\u2026")}


def _texts(campaign: Campaign, step: CampaignStep, person_id: int) -> list[StepWording]:
    """The step's texts of the variant that this person gets."""
    variant = variant_of(campaign.id, person_id, variants_of(step))
    return [text for text in texts_of(step.id) if text.variant == variant]


@dataclass(frozen=True, slots=True)
class Preview:
    """`lacks`: placeholders without a value, for which the letter would be held."""

    language: str
    letter: Rendered
    lacks: list[str]
    warnings: list[Warn]


def preview(campaign: Campaign, step: CampaignStep, person_id: int) -> list[Preview]:
    """The person's variant in each language, theirs first."""
    person, known = person_or_404(person_id), programme.required()
    values = values_of(known, whole_address("/u/..."), _values(step, person))
    texts = {text.language: text for text in _texts(campaign, step, person.id)}
    order = dict.fromkeys([person.language or "", *known.languages, *texts])
    by_mail = step.channel is Channel.MAIL
    return [
        Preview(
            language,
            rendered(text.subject, text.body, language, values, by_mail=by_mail),
            missing((text.subject, text.body), values),
            warnings_of(text.subject, text.body, language) if by_mail else [],
        )
        for language in order
        if (text := texts.get(language)) is not None
    ]


def send_test(campaign: Campaign, step: CampaignStep, person_id: int, to: Person, at: datetime) -> int:
    """The letters that this person would get, one in each language, to a member of staff; how many.

    They belong to no campaign and count in none. Raises NotUnderstood when the staff member has no address.
    """
    person = person_or_404(person_id)
    address = addresses([to.id], "email").get(to.id)
    if step.channel is not Channel.MAIL or address is None:
        raise NotUnderstood(_("A test letter goes by mail, to your own address: add one to your person's page."))
    values, sender_id = _values(step, person), senders_for(campaign, step, [person.id])[person.id]
    letters = [
        NewLetter(
            person_id=to.id,
            occasion=f"test:{campaign.id}:{new_secret()[:16]}",
            channel=Channel.MAIL,
            lane=Lane.ASKED,
            wording_id=put_wording(f"campaign.test:{campaign.id}", text.language, text.subject, text.body, at),
            values=values,
            identity_kind="email",
            identity_value=address,
            sender_id=sender_id,
        )
        for text in _texts(campaign, step, person.id)
    ]
    plan_letters(letters, at)
    journal.record("campaign.test", f"campaign:{campaign.id}", at=at, about_id=person.id)
    return len(letters)
