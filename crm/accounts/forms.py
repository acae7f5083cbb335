"""What people type to come in, to set up the programme and to care for it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from flask_babel import lazy_gettext
from wtforms import (
    EmailField,
    Field,
    HiddenField,
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

NAME = Length(max=200, message=lazy_gettext("Keep it under 200 characters."))
NOT_THE_SAME = lazy_gettext("The two are not the same: type both again.")
NEEDED = lazy_gettext("Fill this in.")
ROLES: dict[Role, Any] = {
    Role.ADMIN: lazy_gettext("Admin: everything"),
    Role.COMMUNITY: lazy_gettext("Community manager: people, outreach, groups, requests, F-codes"),
    Role.RELEASE: lazy_gettext("Release manager: builds, releases, requests, the boot screen"),
}
ROLE_NAMES: dict[Role, Any] = {
    Role.ADMIN: lazy_gettext("Admin"),
    Role.COMMUNITY: lazy_gettext("Community manager"),
    Role.RELEASE: lazy_gettext("Release manager"),
}
SCOPES: dict[Scope, Any] = {
    Scope.CHECK_INS_WRITE: lazy_gettext("Send check-ins: say which build ran"),
    Scope.BUILDS_WRITE: lazy_gettext("Upload builds"),
    Scope.PEOPLE_READ: lazy_gettext("Read people"),
    Scope.FUNNEL_READ: lazy_gettext("Read the funnel's figures"),
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
        message = lazy_gettext("Choose a password of at least %(least)s characters.", least=PASSWORD_LEAST)
        checks.append(Length(min=PASSWORD_LEAST, message=message))
    return PasswordField(label, checks)


class SignInForm(Form):
    mail = _mail(lazy_gettext("Mail address"))
    password = PasswordField(lazy_gettext("Password"), [Length(max=PASSWORD_MOST)])


class CodeForm(Form):
    code = StringField(lazy_gettext("Code"), [DataRequired(NEEDED), Length(max=64)])


class MailForm(Form):
    mail = _mail(lazy_gettext("Mail address"))


class NewPasswordForm(Form):
    password = _password(lazy_gettext("New password"), fresh=True)
    again = PasswordField(lazy_gettext("The same again"), [EqualTo("password", NOT_THE_SAME)])


class ChangePasswordForm(NewPasswordForm):
    current = _password(lazy_gettext("Your password now"), fresh=False)


class PasswordForm(Form):
    """Asked again before what guards the account is changed."""

    current = _password(lazy_gettext("Your password now"), fresh=False)


class AcceptForm(Form):
    """A button under the agreement; `version` is that of the text above it."""

    version = HiddenField()

    @property
    def shown(self) -> int:
        """0 for what no page of ours has sent."""
        written = self.version.data or ""
        return int(written) if written.isdecimal() and len(written) < 10 else 0


class JoinForm(Form):
    name = StringField(lazy_gettext("Your name"), [DataRequired(NEEDED), NAME])
    mail = _mail(lazy_gettext("Mail address"))
    language = RadioField(lazy_gettext("Language of our letters"), choices=[])


def language_choices(codes: list[str]) -> list[SelectChoice]:
    return [SelectChoice(code, LANGUAGES[code]) for code in codes if code in LANGUAGES]


def scope_choices(scopes: list[Scope]) -> list[SelectChoice]:
    return [SelectChoice(scope.value, SCOPES[scope]) for scope in scopes]


class ProgrammeFields(Form):
    name = StringField(lazy_gettext("Name of the programme"), [DataRequired(NEEDED), NAME])
    zone = StringField(lazy_gettext("Time zone"), [DataRequired(NEEDED)])
    languages = ManyField(
        lazy_gettext("Languages"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()]
    )
    first_language = RadioField(
        lazy_gettext("First language"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()]
    )
    postal_address = TextAreaField(lazy_gettext("Postal address"), [Length(max=500)])

    def validate_zone(self, field: Field) -> None:
        if field.data not in zones():
            raise ValidationError(
                lazy_gettext("Choose a time zone from the list, such as Asia/Shanghai or Europe/Berlin.")
            )

    def validate_languages(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(lazy_gettext("Choose at least one language."))

    def validate_first_language(self, field: Field) -> None:
        if self.languages.data and field.data not in self.languages.data:
            raise ValidationError(lazy_gettext("Choose one of the languages above."))

    def languages_in_order(self) -> list[str]:
        first = self.first_language.data
        return [first, *(code for code in self.languages.data or () if code != first)]


class WelcomeForm(ProgrammeFields):
    admin_name = StringField(lazy_gettext("Your name"), [DataRequired(NEEDED), NAME])
    admin_mail = _mail(lazy_gettext("Your mail address"))
    password = _password(lazy_gettext("Your password"), fresh=True)
    again = PasswordField(lazy_gettext("The same again"), [EqualTo("password", NOT_THE_SAME)])


class ProgrammeForm(ProgrammeFields):
    mail_from = _mail(lazy_gettext("Letters come from"), needed=False)
    sign_up = RadioField(
        lazy_gettext("Who may join"),
        choices=[
            SelectChoice(SignUp.OPEN.value, lazy_gettext("Everybody, on the page Join")),
            SelectChoice(SignUp.INVITE.value, lazy_gettext("Who was invited")),
            SelectChoice(SignUp.CLOSED.value, lazy_gettext("Nobody for now")),
        ],
    )


class InviteForm(Form):
    name = StringField(lazy_gettext("Name"), [DataRequired(NEEDED), NAME])
    mail = _mail(lazy_gettext("Mail address"))
    roles = ManyField(lazy_gettext("Roles"), choices=[SelectChoice(role.value, label) for role, label in ROLES.items()])

    def validate_roles(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(lazy_gettext("Choose at least one role."))


class RolesForm(Form):
    roles = ManyField(lazy_gettext("Roles"), choices=[SelectChoice(role.value, label) for role, label in ROLES.items()])


class TokenForm(Form):
    name = StringField(lazy_gettext("What it is for"), [DataRequired(NEEDED), NAME])
    scopes = ManyField(lazy_gettext("What it may do"), choices=[])

    def validate_scopes(self, field: Field) -> None:
        if not field.data:
            raise ValidationError(lazy_gettext("Choose at least one thing that it may do."))
