"""A touch entered by hand; an account, and a post of its log."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import (
    DateField,
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

from crm.core.forms import Form

KINDS = (
    ("in:replied", _l("They wrote to us")),
    ("out:sent", _l("We wrote to them")),
    ("in:joined", _l("They joined")),
    ("in:refused", _l("They asked to be left alone")),
    ("out:not_found", _l("We could not find them there")),
)


class TouchForm(Form):
    what = RadioField(
        _l("What happened"),
        choices=[SelectChoice(value, label) for value, label in KINDS],
        validators=[InputRequired(_l("Choose one."))],
    )
    channel = SelectField(_l("Over"), validators=[InputRequired()])
    at = DateTimeLocalField(_l("When"), validators=[Optional()])
    body = TextAreaField(_l("Text"), validators=[Length(max=20_000)])


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
