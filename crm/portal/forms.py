"""What a tester tells about themselves, and why they leave."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, Length, Optional

from crm.core.forms import Form
from crm.core.languages import LANGUAGES
from crm.people.rules import LONGEST_NAME

REASONS: dict[str, Any] = {
    "time": _l("I have no time for it"),
    "faults": _l("The builds give me too much trouble"),
    "device": _l("I no longer have the device"),
    "other": _l("Something else"),
}


class MeForm(Form):
    name = StringField(
        _l("Your name"),
        validators=[
            DataRequired(_l("Fill this in.")),
            Length(max=LONGEST_NAME, message=_l("Keep it under 200 characters.")),
        ],
    )
    language = SelectField(
        _l("Language of our letters"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()]
    )
    zone = StringField(_l("Time zone"), validators=[Length(max=64)])


class LeaveForm(Form):
    reason = RadioField(
        _l("Why do you leave?"),
        choices=[SelectChoice(key, label) for key, label in REASONS.items()],
        validators=[Optional()],
    )
    words = TextAreaField(
        _l("In your words"), validators=[Length(max=500, message=_l("Keep it under 500 characters."))]
    )

    def told(self) -> str:
        """What the team reads, in the leaver's language; empty when they did not say."""
        label = str(REASONS.get(self.reason.data or "", ""))
        return ": ".join(part for part in (label, self.words.data or "") if part)
