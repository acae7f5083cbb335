"""A touch entered by hand; an account, and a post of its log."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    DateTimeLocalField,
    Field,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, Regexp
from wtforms.widgets import CheckboxInput, ListWidget

from crm.core.forms import Form, refuse
from crm.core.mailboxes import Tls
from crm.outbox.rules.limits import Limits

AMOUNT = NumberRange(1, 100_000_000, message=_l("A whole number from 1 on, or nothing."))
HOUR = NumberRange(0, 23, message=_l("An hour of the clock, 0 to 23."))
KINDS = (
    ("in:replied", _l("They wrote to us")),
    ("out:sent", _l("We wrote to them")),
    ("in:joined", _l("They joined")),
    ("in:refused", _l("They asked to be left alone")),
    ("out:not_found", _l("We could not find them there")),
)


NEEDED = _l("Fill this in.")
SHORT = Length(max=200, message=_l("Keep it under 200 characters."))
HOST = Regexp(r"^[^\s/@:]+$|^[0-9a-fA-F:]+$", message=_l("A host name only, such as mail.example.org."))
TLS = [
    SelectChoice(Tls.TLS.value, _l("TLS from the beginning")),
    SelectChoice(Tls.STARTTLS.value, "STARTTLS"),
    SelectChoice(Tls.NONE.value, _l("none: only on this machine")),
]


def both_or_none(one: Field, other: Field) -> bool:
    """Tells beside the empty one of two fields that belong together."""
    sound = True
    for here, there in ((one, other), (other, one)):
        if here.data is None and there.data is not None and not here.errors:
            refuse(here, _l("Fill this in too, or leave both empty."))
            sound = False
    return sound


class SendingForm(Form):
    """How much mail may leave. An empty field is no limit."""

    per_hour = IntegerField(_l("Letters an hour"), validators=[Optional(), AMOUNT])
    per_day = IntegerField(_l("Letters a day"), validators=[Optional(), AMOUNT])
    domain_per_hour = IntegerField(_l("Letters an hour to one mail domain"), validators=[Optional(), AMOUNT])
    domain_per_day = IntegerField(_l("Letters a day to one mail domain"), validators=[Optional(), AMOUNT])
    quiet_from = IntegerField(_l("Quiet from (hour, 0 to 23)"), validators=[Optional(), HOUR])
    quiet_to = IntegerField(_l("Quiet until (hour, 0 to 23)"), validators=[Optional(), HOUR])
    warm_from = DateField(_l("Warm up from the day"), validators=[Optional()])
    warm_first = IntegerField(_l("Letters on the first day"), validators=[Optional(), AMOUNT])

    def validate(self, extra_validators: Any = None) -> bool:
        """Of two fields that belong together, both or none."""
        sound = super().validate(extra_validators)
        return sound & both_or_none(self.quiet_from, self.quiet_to) & both_or_none(self.warm_from, self.warm_first)

    def limits(self) -> Limits:
        return Limits(**{one.name: self[one.name].data for one in fields(Limits)})


class TouchForm(Form):
    what = RadioField(
        _l("What happened"),
        choices=[SelectChoice(value, label) for value, label in KINDS],
        validators=[InputRequired(_l("Choose one."))],
    )
    channel = SelectField(_l("Over"), validators=[InputRequired()])
    at = DateTimeLocalField(_l("When"), validators=[Optional()])
    body = TextAreaField(_l("Text"), validators=[Length(max=20_000)])


class MailAccountForm(Form):
    """A mailbox that letters leave by. An empty number is no limit."""

    name = StringField(_l("Name"), [DataRequired(NEEDED), SHORT])
    from_name = StringField(_l("Name before the address"), [SHORT])
    address = StringField(_l("Address that its letters come from"), [DataRequired(NEEDED), SHORT])
    host = StringField(_l("Host"), [DataRequired(NEEDED), SHORT, HOST])
    tls = SelectField(_l("Encryption"), choices=TLS)
    port = IntegerField(_l("Port"), [Optional(), NumberRange(1, 65535, message=_l("A number from 1 to 65535."))])
    user = StringField(lazy_pgettext("mailbox", "User"), [SHORT])
    password = PasswordField(_l("Password"), [Length(max=1000)])
    zone = StringField(_l("Time zone of its day"), [DataRequired(NEEDED), SHORT])
    per_hour = IntegerField(_l("Letters an hour"), [Optional(), AMOUNT])
    per_day = IntegerField(_l("Letters a day"), [Optional(), AMOUNT])
    domain_per_hour = IntegerField(_l("Letters an hour to one mail domain"), [Optional(), AMOUNT])
    domain_per_day = IntegerField(_l("Letters a day to one mail domain"), [Optional(), AMOUNT])
    warm_from = DateField(_l("Warm up from the day"), [Optional()])
    warm_first = IntegerField(_l("Letters on the first day"), [Optional(), AMOUNT])
    fills_in = BooleanField(_l("Also for sign-in links and notices, while SMTP_URL is not set"))

    def validate(self, extra_validators: Any = None) -> bool:
        return both_or_none(self.warm_from, self.warm_first) if super().validate(extra_validators) else False


class HandOnForm(Form):
    to = SelectField(_l("Hand them on to"))


class AccountForm(Form):
    name = StringField(_l("Name"), validators=[DataRequired(_l("An account needs a name: the one it writes under."))])
    channel = SelectField(_l("Where it writes"), validate_choice=False)
    forum = StringField(_l("Site of the forum"), validators=[Length(max=200)])
    level = IntegerField(_l("Its level at the beginning"), validators=[Optional(), NumberRange(0, 1_000_000)])
    per_day = IntegerField(_l("Messages a day"), validators=[Optional(), NumberRange(0, 1_000_000)])
    zone = StringField(_l("Time zone of its day"), validators=[Length(max=100)])
    needs_level = IntegerField(_l("Level before it writes"), validators=[Optional(), NumberRange(0, 1_000_000)])
    needs_posts = IntegerField(_l("Posts before it writes"), validators=[Optional(), NumberRange(0, 1_000_000)])
    address = StringField(_l("Address of a member"), validators=[Length(max=500)])
    users = SelectMultipleField(
        _l("Who writes from it"), coerce=int, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )


class PostForm(Form):
    posted_on = DateField(_l("Date"), validators=[InputRequired(_l("Say on which day it was posted."))])
    forum = StringField(
        _l("Forum or board"), validators=[DataRequired(_l("Say in which forum or board it was posted."))]
    )
    link = StringField(_l("Link"), validators=[Length(max=500)])
    note = StringField(_l("Note"), validators=[Length(max=500)])
    level_after = IntegerField(_l("Level after it"), validators=[Optional(), NumberRange(0, 1_000_000)])


class PostsForm(Form):
    file = FileField(_l("CSV file"))
