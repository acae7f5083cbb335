"""Registering a build; its notes, one field per language of the programme."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, Length

from crm.builds.rules import LONGEST_VERSION, PLATFORMS
from crm.core.forms import Form
from crm.core.languages import LANGUAGES

NOTE = "notes_"


def notes_form(parent: type[Form], languages: list[str]) -> type[Form]:
    """`parent` with a notes field for each of these languages."""
    fields = {
        f"{NOTE}{code}": TextAreaField(
            _l("What is new (%(language)s)", language=LANGUAGES.get(code, code)), validators=[Length(max=20_000)]
        )
        for code in languages
    }
    return type(parent.__name__, (parent,), fields)


class NotesForm(Form):
    def notes(self) -> dict[str, str]:
        return {field.name.removeprefix(NOTE): field.data or "" for field in self.note_fields()}

    def note_fields(self) -> list[Any]:
        return [field for field in self if field.name.startswith(NOTE)]


class BuildForm(NotesForm):
    platform = SelectField(_l("Platform"), choices=[SelectChoice(name) for name in PLATFORMS])
    version = StringField(_l("Version"), validators=[DataRequired(), Length(max=LONGEST_VERSION)])
    file = FileField(_l("File"))


class FileForm(Form):
    file = FileField(_l("File"), validators=[FileRequired(_l("Choose the build's file."))])
