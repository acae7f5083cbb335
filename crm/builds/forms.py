"""Registering a build; its notes, two fields per language of the programme."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, Optional

from crm.builds.rules import CHANNEL, LONGEST_CHANNEL, LONGEST_DEVICE, LONGEST_NOTE, LONGEST_VERSION, PLATFORMS, Order
from crm.builds.rules.seats import SeatRule
from crm.core.forms import AtMost, Form, unix_lines
from crm.core.languages import LANGUAGES

NOTE, TO_TEST = "notes_", "to_test_"


def notes_form(parent: type[Form], languages: list[str]) -> type[Form]:
    """`parent` with a field for what is new and one for what to test, in each of these languages."""
    fields = {}
    for code in languages:
        rules: dict[str, Any] = {"validators": [AtMost(LONGEST_NOTE)], "filters": [unix_lines]}
        name = LANGUAGES.get(code, code)
        fields[f"{NOTE}{code}"] = TextAreaField(_l("What is new (%(language)s)", language=name), **rules)
        fields[f"{TO_TEST}{code}"] = TextAreaField(_l("What to test (%(language)s)", language=name), **rules)
    return type(parent.__name__, (parent,), fields)


class NotesForm(Form):
    def _texts(self, prefix: str) -> dict[str, str]:
        return {field.name.removeprefix(prefix): field.data or "" for field in self if field.name.startswith(prefix)}

    def notes(self) -> dict[str, str]:
        return self._texts(NOTE)

    def to_test(self) -> dict[str, str]:
        return self._texts(TO_TEST)

    def note_fields(self) -> list[Any]:
        return [field for field in self if field.name.startswith((NOTE, TO_TEST))]


class BuildForm(NotesForm):
    """`order` is asked for only where the version goes back."""

    platform = SelectField(_l("Platform"), choices=[SelectChoice(name) for name in PLATFORMS])
    version = StringField(_l("Version"), validators=[DataRequired(), AtMost(LONGEST_VERSION)])
    order = RadioField(
        _l("Which of the two is newer?"),
        choices=[
            SelectChoice(Order.NEWEST.value, _l("This build: devices are offered it instead of the other")),
            SelectChoice(Order.BELOW.value, _l("The other: this one repairs an older line and stays below it")),
        ],
        validators=[Optional()],
    )
    channel = StringField(_l("Channel"), default=CHANNEL, validators=[DataRequired(), AtMost(LONGEST_CHANNEL)])
    expires_days = IntegerField(_l("Ends after (days)"), validators=[Optional()])
    device = StringField(_l("Device"), validators=[AtMost(LONGEST_DEVICE)])
    file = FileField(_l("File"))


class FileForm(Form):
    device = StringField(_l("Device"), validators=[AtMost(LONGEST_DEVICE)])
    file = FileField(_l("File"), validators=[FileRequired(_l("Choose the build's file."))])


class SeatForm(Form):
    cap = IntegerField(_l("Seats"), validators=[Optional()])
    idle_weeks = IntegerField(_l("Idle after (weeks)"), validators=[Optional()])
    grace_days = IntegerField(_l("Days between the warning and the loss"), default=14, validators=[DataRequired()])

    def rule(self) -> SeatRule:
        return SeatRule(self.cap.data, self.idle_weeks.data, self.grace_days.data or 0)
