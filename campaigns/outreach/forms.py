"""A campaign: to whom, over what, how fast, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from campaigns.outreach.rules import MOST_PER_HOUR
from crm.core.forms import Form
from crm.core.languages import LANGUAGES
from crm.outbox.rules import Channel


class CampaignForm(Form):
    name = StringField(_l("Name"), validators=[DataRequired(_l("A campaign needs a name.")), Length(max=200)])
    audience_id = SelectField(_l("Audience"), coerce=int, validators=[InputRequired()])
    channel = RadioField(
        _l("How"),
        choices=[
            SelectChoice(Channel.MAIL.value, _l("by mail: letters leave by themselves")),
            SelectChoice(Channel.HAND.value, _l("by hand: we write each message ourselves")),
        ],
        default=Channel.MAIL.value,
    )
    identity_kind = SelectField(_l("Written by hand in"))
    pace = IntegerField(_l("Letters per hour"), validators=[Optional(), NumberRange(1, MOST_PER_HOUR)])
    again = BooleanField(_l("Also to people who have been written to before"))


class PaceForm(Form):
    pace = IntegerField(_l("Letters per hour"), validators=[Optional(), NumberRange(1, MOST_PER_HOUR)])


def campaign_form(languages: Sequence[str]) -> type[CampaignForm]:
    """With a subject and a text for each language of the programme."""
    fields: dict[str, Any] = {}
    for code in languages:
        name = LANGUAGES.get(code, code)
        fields[f"subject_{code}"] = StringField(
            _l("Subject (%(language)s)", language=name), validators=[Length(max=300)]
        )
        fields[f"body_{code}"] = TextAreaField(
            _l("Text (%(language)s)", language=name), validators=[Length(max=20_000)]
        )
    return type("CampaignFormInLanguages", (CampaignForm,), fields)
