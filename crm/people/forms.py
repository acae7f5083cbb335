"""What staff type about people, and how a file of people is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf.file import FileField
from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from crm.core.forms import Form
from crm.core.languages import LANGUAGES
from crm.people.rules import IDENTITY_KINDS, LONGEST_NAME, SiteRole, SuppressionReason


def choices(pairs: Iterable[tuple[str, Any]]) -> list[Any]:
    """Values with their labels, as a SelectField takes them."""
    return [SelectChoice(value, label) for value, label in pairs]


NEEDED = _l("Fill this in.")
SHORT = Length(max=200, message=_l("Keep it under 200 characters."))
ROLES = [
    ("", _l("not known")),
    (SiteRole.MEMBER.value, _l("member")),
    (SiteRole.EXPERT.value, _l("expert")),
    (SiteRole.MODERATOR.value, _l("moderator")),
]
KIND_NAMES = {
    "email": _l("Mail"), "qq": "QQ", "wechat": _l("WeChat"), "weibo": _l("Weibo"), "phone": _l("Telephone"),
    "matrix": "Matrix", "telegram": "Telegram", "github": "GitHub",
}  # fmt: skip
FIELD_NAMES: dict[str, Any] = {
    "": _l("leave out"),
    "name": _l("Name"),
    **KIND_NAMES,
    "forum": _l("Name in this forum"),
    "identity": _l("Identity, written kind:value"),
    "found_at": _l("When found"),
    "board": _l("Board"),
    "role": _l("Role there"),
    "language": _l("Language"),
    "tags": _l("Tags"),
    "notes": _l("Note"),
}


class PersonForm(Form):
    name = StringField(_l("Name"), [Length(max=LONGEST_NAME, message=_l("Keep it under 200 characters."))])
    language = SelectField(_l("Language"), choices=choices([("", _l("not known")), *LANGUAGES.items()]))
    zone = StringField(_l("Time zone"), [Optional(), SHORT])
    owner_id = SelectField(_l("Owner"), validate_choice=False)


class NewPersonForm(Form):
    name = StringField(_l("Name"), [DataRequired(NEEDED), SHORT])
    identity_kind = SelectField(_l("Reached by"), choices=choices([*KIND_NAMES.items(), ("forum", _l("a forum"))]))
    forum = StringField(_l("Which forum"), [Optional(), SHORT])
    identity_value = StringField(_l("Address, number or account"), [DataRequired(NEEDED), SHORT])
    language = SelectField(_l("Language"), choices=choices([("", _l("not known")), *LANGUAGES.items()]))
    site = StringField(_l("Where you found them"), [DataRequired(NEEDED), SHORT])
    board = StringField(_l("Board"), [Optional(), SHORT])
    role = SelectField(_l("Role there"), choices=choices(ROLES))
    basis = StringField(_l("On what basis you may write to them"), [DataRequired(NEEDED), SHORT])


class IdentityForm(Form):
    identity_kind = SelectField(_l("Kind"), choices=choices([*KIND_NAMES.items(), ("forum", _l("a forum"))]))
    forum = StringField(_l("Which forum"), [Optional(), SHORT])
    identity_value = StringField(_l("Address, number or account"), [DataRequired(NEEDED), SHORT])


class TagForm(Form):
    tag = StringField(_l("Tag"), [DataRequired(NEEDED), Length(max=60, message=_l("Keep it under 60 characters."))])


class NoteForm(Form):
    body = TextAreaField(_l("Note"), [DataRequired(NEEDED), Length(max=20_000)])


class UploadForm(Form):
    file = FileField(_l("File"), [InputRequired(_l("Choose a file."))])


SUPPRESSION_REASONS = [
    (SuppressionReason.DECLINED.value, lazy_pgettext("suppression", "asked to be left alone")),
    (SuppressionReason.UNSUBSCRIBED.value, lazy_pgettext("suppression", "unsubscribed")),
    (SuppressionReason.COMPLAINT.value, lazy_pgettext("suppression", "complained")),
    (SuppressionReason.BOUNCED.value, lazy_pgettext("suppression", "mail comes back")),
    (SuppressionReason.IMPORTED.value, lazy_pgettext("suppression", "from a list")),
]


class SuppressionForm(Form):
    identity = StringField(_l("Mail address, or kind:value"), [DataRequired(NEEDED), Length(max=400)])
    reason = SelectField(_l("Reason"), choices=choices(SUPPRESSION_REASONS))


class SuppressionFileForm(Form):
    file = FileField(_l("File"), [InputRequired(_l("Choose a file."))])
    reason = SelectField(_l("Reason of rows that give none"), choices=choices(SUPPRESSION_REASONS))


class ImportForm(Form):
    """The columns' own fields are made for each file, see `import_form`."""

    site = StringField(_l("Where these people were found"), [DataRequired(NEEDED), SHORT])
    board = StringField(_l("Board"), [Optional(), SHORT])
    role = SelectField(_l("Their role there"), choices=choices(ROLES))
    found_at = DateField(_l("When they were found"), [Optional()])
    basis = StringField(_l("On what basis you may write to them"), [DataRequired(NEEDED), SHORT])
    encoding = SelectField(_l("Encoding"), validate_choice=False)
    seen_encoding = HiddenField()


def import_form(columns: list[str], fields: list[str], **data: Any) -> ImportForm:
    """A form with one choice for each column of the file: `column_0`, `column_1` ..."""
    offered = [*FIELD_NAMES.items(), *((field, field) for field in fields if field not in FIELD_NAMES)]

    class OfThisFile(ImportForm):
        pass

    for number, column in enumerate(columns):
        made = SelectField(column or str(number + 1), choices=choices(offered), default=fields[number])
        setattr(OfThisFile, f"column_{number}", made)
    return OfThisFile(**data)


__all__ = [
    "FIELD_NAMES", "IDENTITY_KINDS", "IdentityForm", "ImportForm", "NewPersonForm", "NoteForm", "PersonForm", "TagForm",
    "UploadForm", "choices", "import_form",
]  # fmt: skip
