"""A touch entered by hand."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import DateTimeLocalField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import InputRequired, Length, Optional

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
