"""A campaign: to whom, over what, how fast, and in which words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from campaigns.outreach.rules import MOST_DAYS, MOST_PER_HOUR, VARIANTS, Only
from crm.core.forms import Form
from crm.core.languages import LANGUAGES
from crm.outbox.rules import Channel, WhenUncertain

MOST_PEOPLE = 1_000_000_000
HOW = [
    SelectChoice(Channel.MAIL.value, _l("by mail: letters leave by themselves")),
    SelectChoice(Channel.HAND.value, _l("by hand: we write each message ourselves")),
]


DOUBTS = {
    WhenUncertain.ASK: _l("ask a person"),
    WhenUncertain.AGAIN: _l("send it again, once"),
    WhenUncertain.SENT: _l("take it as sent"),
}


class CampaignForm(Form):
    name = StringField(_l("Name"), validators=[DataRequired(_l("A campaign needs a name.")), Length(max=200)])
    audience_id = SelectField(_l("Audience"), coerce=int, validators=[InputRequired()])
    channel = RadioField(
        _l("How"),
        choices=HOW,
        default=Channel.MAIL.value,
    )
    identity_kind = SelectField(_l("Written by hand in"))
    senders = SelectMultipleField(
        _l("Senders"), coerce=int, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )
    pace = IntegerField(_l("Letters per hour"), validators=[Optional(), NumberRange(1, MOST_PER_HOUR)])
    per_day = IntegerField(_l("Letters per day"), validators=[Optional(), NumberRange(1, MOST_PER_HOUR)])
    when_uncertain = SelectField(
        _l("If nobody knows whether a letter arrived"),
        choices=[SelectChoice(what.value, word) for what, word in DOUBTS.items()],
        default=WhenUncertain.ASK.value,
    )
    again = BooleanField(_l("Also to people who have been written to before"))


class PaceForm(Form):
    pace = IntegerField(_l("Letters per hour"), validators=[Optional(), NumberRange(1, MOST_PER_HOUR)])
    per_day = IntegerField(_l("Letters per day"), validators=[Optional(), NumberRange(1, MOST_PER_HOUR)])


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


class StartForm(Form):
    """`taken_on`: the warnings that are ticked."""

    starts_at = DateTimeLocalField(_l("Start at"), validators=[Optional()])
    taken_on = SelectMultipleField(_l("Warnings"), validate_choice=False)


class ApproveForm(Form):
    """`people`: to how many it goes, as the page said."""

    people = IntegerField(validators=[Optional(), NumberRange(0, MOST_PEOPLE)])


class StepForm(Form):
    channel = RadioField(_l("How"), choices=HOW, default=Channel.MAIL.value)
    identity_kind = SelectField(_l("Written by hand in"))
    sender_id = SelectField(_l("From the account"), default="")
    days = IntegerField(_l("Wait, in days"), validators=[Optional(), NumberRange(0, MOST_DAYS)])
    hours = IntegerField(_l("and hours"), validators=[Optional(), NumberRange(0, 23)])
    weekday = SelectField(_l("then until"), default="")
    at_time = StringField(_l("at this time of day there"), validators=[Length(max=5)])
    only = RadioField(_l("For whom"), default=Only.EVERYBODY.value)


def step_form(languages: Sequence[str], variants: int) -> type[StepForm]:
    """With a share, and a subject and a text for each language of the programme, for so many variants."""
    fields: dict[str, Any] = {}
    for variant in VARIANTS[:variants]:
        fields[f"share_{variant}"] = IntegerField(_l("Share"), validators=[Optional(), NumberRange(0, 1000)])
        for code in languages:
            name = LANGUAGES.get(code, code)
            fields[f"subject_{variant}_{code}"] = StringField(
                _l("Subject (%(language)s)", language=name), validators=[Length(max=300)]
            )
            fields[f"body_{variant}_{code}"] = TextAreaField(
                _l("Text (%(language)s)", language=name), validators=[Length(max=20_000)]
            )
    return type("StepFormInVariants", (StepForm,), fields)
