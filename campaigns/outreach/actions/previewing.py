"""What a real person would read, before anything is frozen."""

from __future__ import annotations

from campaigns.outreach.actions.planning import called, invitation_link
from campaigns.outreach.models import Campaign, CampaignStep
from campaigns.outreach.queries import texts_of, variants_of
from campaigns.outreach.rules import variant_of
from crm.core import programme
from crm.core.tokens import whole_address
from crm.outbox.queries.wordings import fill
from crm.people.queries import addresses, person_or_404


def preview(campaign: Campaign, step: CampaignStep, person_id: int) -> list[tuple[str, str, str]]:
    """(language, subject, text) of the person's variant in each language, the one this person gets first."""
    person, known = person_or_404(person_id), programme.required()
    value = addresses([person.id], step.identity_kind).get(person.id, "")
    values = {
        "name": called(person.name, step.identity_kind, value),
        "link": invitation_link(campaign.id, person.id),
        "programme": known.name,
        "postal_address": known.postal_address,
        "unsubscribe_link": whole_address("/u/..."),
    }
    variant = variant_of(campaign.id, person.id, variants_of(step))
    texts = {text.language: text for text in texts_of(step.id) if text.variant == variant}
    order = dict.fromkeys([person.language or "", *known.languages, *texts])
    return [
        (language, fill(texts[language].subject, values), fill(texts[language].body, values))
        for language in order
        if language in texts
    ]
