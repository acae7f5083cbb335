"""What people type to come in, to set up the programme and to care for it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from wtforms import (
    EmailField,
    Field,
    PasswordField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, EqualTo, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from crm.accounts.rules import PASSWORD_LEAST, PASSWORD_MOST, Role, Scope
from crm.core.errors import NotUnderstood
from crm.core.forms import Form, ValidationError
from crm.core.languages import LANGUAGES
from crm.core.programme import SignUp
from crm.people.identities import normalise

NAME = Length(max=200, message=_l("Keep it under 200 characters."))
NEEDED = _l("Fill this in.")
ROLES: dict[Role, Any] = {
    Role.ADMIN: _l("Admin: everything"),
    Role.COMMUNITY: _l("Community manager: people, outreach, groups, requests, F-codes"),
    Role.RELEASE: _l("Release manager: builds, releases, requests, the boot screen"),
}
ROLE_NAMES: dict[Role, Any] = {
    Role.ADMIN: _l("Admin"),
    Role.COMMUNITY: _l("Community manager"),
    Role.RELEASE: _l("Release manager"),
}
SCOPES: dict[Scope, Any] = {
    Scope.CHECK_INS_WRITE: _l("Send check-ins: say which build ran"),
    Scope.PEOPLE_READ: _l("Read people"),
    Scope.FUNNEL_READ: _l("Read the funnel's figures"),
}


@lru_cache(maxsize=1)
def zones() -> list[str]:
    """Those that people choose among: by place, and UTC."""
    return ["UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))]


class ManyField(SelectMultipleField):
    """Check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class MailField(EmailField):
    """Its data is the address as it is stored; one that cannot be read is an error of the field."""

    def post_validate(self, form: Any, validation_stopped: bool) -> None:  # noqa: ARG002 -- WTForms hands it over
        if validation_stopped or not self.data:
            return
        try:
            self.data = normalise("email", self.data)
        except NotUnderstood as error:
            self.errors = [*self.errors, str(error)]
            raise ValidationError(str(error)) from error


def _mail(label: Any, *, needed: bool = True) -> Any:
    return MailField(label, [DataRequired(NEEDED) if needed else Optional(), Length(max=254)])


def _password(label: Any, *, fresh: bool) -> Any:
    """A fresh one is measured; one that is only shown to be right is not."""
    checks: list[Any] = [InputRequired(NEEDED), Length(max=PASSWORD_MOST)]
    if fresh:
        message = _l("Choose a password of at least %(least)s characters.", least=PASSWORD_LEAST)
        checks.append(Length(min=PASSWORD_LEAST, message=message))
    return PasswordField(label, checks)


class SignInForm(Form):
    mail = _mail(_l("Mail address"))
    password = PasswordField(_l("Password"), [Length(max=PASSWORD_MOST)])


class CodeForm(Form):
    code = StringField(_l("Code"), [DataRequired(NEEDED), Length(max=64)])


class MailForm(Form):
    mail = _mail(_l("Mail address"))


class NewPasswordForm(Form):
    password = _password(_l("New password"), fresh=True)
    again = PasswordField(
        _l("The same again"), [EqualTo("password", _l("The two are not the same: type both again."))]
    )


class ChangePasswordForm(NewPasswordForm):
    current = _password(_l("Your password now"), fresh=False)


class PasswordForm(Form):
    """Asked again before what guards the account is changed."""

    current = _password(_l("Your password now"), fresh=False)


class JoinForm(Form):
    name = StringField(_l("Your name"), [DataRequired(NEEDED), NAME])
    mail = _mail(_l("Mail address"))
    language = RadioField(_l("Language of our letters"), choices=[])


def language_choices(codes: list[str]) -> list[SelectChoice]:
    return [SelectChoice(code, LANGUAGES[code]) for code in codes if code in LANGUAGES]


def scope_choices(scopes: list[Scope]) -> list[SelectChoice]:
    return [SelectChoice(scope.value, SCOPES[scope]) for scope in scopes]


class ProgrammeFields(Form):
    name = StringField(_l("Name of the programme"), [DataRequired(NEEDED), NAME])
    zone = StringField(_l("Time zone"), [DataRequired(NEEDED)])
    languages = ManyField(_l("Languages"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()])
    postal_address = TextAreaField(_l("Postal address"), [Length(max=500)])

    def validate_zone(self, field: Field) -> None:
        if field.data not in zones():
            raise ValidationError(_l("Choose a time zone from the list, such as Asia/Shanghai or Europe/Berlin."))

    def validate_languages(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_l("Choose at least one language."))


class WelcomeForm(ProgrammeFields):
    admin_name = StringField(_l("Your name"), [DataRequired(NEEDED), NAME])
    admin_mail = _mail(_l("Your mail address"))
    password = _password(_l("Your password"), fresh=True)
    again = PasswordField(
        _l("The same again"), [EqualTo("password", _l("The two are not the same: type both again."))]
    )


class ProgrammeForm(ProgrammeFields):
    mail_from = _mail(_l("Letters come from"), needed=False)
    sign_up = RadioField(
        _l("Who may join"),
        choices=[
            SelectChoice(SignUp.OPEN.value, _l("Everybody, on the page Join")),
            SelectChoice(SignUp.INVITE.value, _l("Who was invited")),
            SelectChoice(SignUp.CLOSED.value, _l("Nobody for now")),
        ],
    )


class InviteForm(Form):
    name = StringField(_l("Name"), [DataRequired(NEEDED), NAME])
    mail = _mail(_l("Mail address"))
    roles = ManyField(_l("Roles"), choices=[SelectChoice(role.value, label) for role, label in ROLES.items()])

    def validate_roles(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_l("Choose at least one role."))


class RolesForm(Form):
    roles = ManyField(_l("Roles"), choices=[SelectChoice(role.value, label) for role, label in ROLES.items()])


class TokenForm(Form):
    name = StringField(_l("What it is for"), [DataRequired(NEEDED), NAME])
    scopes = ManyField(_l("What it may do"), choices=[])

    def validate_scopes(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(_l("Choose at least one thing that it may do."))
