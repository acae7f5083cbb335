"""A group, a member list, a join or leave by hand."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import IntegerField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from crm.core.forms import Form
from crm.groups.rules import GROUP_KINDS, MOST_PLACES
from crm.outbox.queries.words import CHANNELS


class PlacesForm(Form):
    capacity = IntegerField(_l("Places"), validators=[InputRequired(), NumberRange(1, MOST_PLACES)])
    address = StringField(_l("Number or link"), validators=[Length(max=500)])


class GroupForm(PlacesForm):
    kind = SelectField(_l("Kind"), choices=[SelectChoice(kind, CHANNELS.get(kind, kind)) for kind in GROUP_KINDS])
    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=200)])


class MemberListForm(Form):
    file = FileField(_l("Member list"))
    text = TextAreaField(_l("Or paste it"), validators=[Length(max=2_000_000)])


class StayForm(Form):
    identity = StringField(_l("Who"), validators=[DataRequired(), Length(max=300)])


class MatrixForm(Form):
    homeserver = StringField(_l("Homeserver"), validators=[DataRequired(), Length(max=300)])
    room = StringField(_l("Room"), validators=[DataRequired(), Length(max=300)])
    token = PasswordField(_l("Access token"), validators=[Length(max=2000)])
