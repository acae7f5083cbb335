"""The shape of a request, of an answer and of a move."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length

from crm.builds.models import Build
from crm.core.forms import Form
from crm.feedback.rules import LONGEST_TEXT, LONGEST_TITLE, RequestKind, RequestState, Severity

KINDS: dict[RequestKind, Any] = {
    RequestKind.FAULT: lazy_pgettext("request", "Fault"),
    RequestKind.IDEA: lazy_pgettext("request", "Idea"),
}
SEVERITIES: dict[Severity, Any] = {
    Severity.MINOR: lazy_pgettext("severity", "Minor: it annoys"),
    Severity.MAJOR: lazy_pgettext("severity", "Major: something does not work"),
    Severity.BLOCKER: lazy_pgettext("severity", "Blocker: I cannot use the build"),
}
SHORT_SEVERITIES: dict[Severity, Any] = {
    Severity.MINOR: lazy_pgettext("severity", "minor"),
    Severity.MAJOR: lazy_pgettext("severity", "major"),
    Severity.BLOCKER: lazy_pgettext("severity", "blocker"),
}
STATES: dict[RequestState, Any] = {
    RequestState.OPEN: lazy_pgettext("request", "Open"),
    RequestState.PLANNED: lazy_pgettext("request", "Planned"),
    RequestState.SHIPPED: lazy_pgettext("request", "Shipped"),
    RequestState.DECLINED: lazy_pgettext("request", "Declined"),
    RequestState.WITHDRAWN: lazy_pgettext("request", "Withdrawn"),
}
TONES: dict[RequestState, str] = {
    RequestState.OPEN: "waiting",
    RequestState.PLANNED: "going",
    RequestState.SHIPPED: "done",
    RequestState.DECLINED: "stopped",
    RequestState.WITHDRAWN: "quiet",
}
NEEDED = _l("Fill this in.")
TOO_LONG = _l("Keep it under %(most)s characters.", most=LONGEST_TEXT)


def _choices(builds: list[Build]) -> list[SelectChoice]:
    return [SelectChoice(str(build.id), f"{build.version} ({build.platform})") for build in builds]


class RequestForm(Form):
    """Both kinds; the pages name the fields after the kind."""

    title = StringField(
        validators=[
            DataRequired(NEEDED),
            Length(max=LONGEST_TITLE, message=_l("Keep it under %(most)s characters.", most=LONGEST_TITLE)),
        ]
    )
    body = TextAreaField(validators=[DataRequired(NEEDED), Length(max=LONGEST_TEXT, message=TOO_LONG)])
    expected = TextAreaField(validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)])
    build = SelectField(_l("On which build"), choices=[], default="")

    def offer_builds(self, builds: list[Build]) -> None:
        """The writer's own, the newest first and chosen."""
        own = _choices(builds)
        self.build.choices = [*own, SelectChoice("", str(_l("none of these, or I do not know")))]
        if own and not self.is_submitted():
            self.build.data = own[0].value

    @property
    def build_id(self) -> int | None:
        return int(self.build.data) if self.build.data else None


class IdeaForm(RequestForm):
    title = StringField(_l("What you want, in a few words"), validators=RequestForm.title.kwargs["validators"])
    body = TextAreaField(_l("What you want, and what for"), validators=RequestForm.body.kwargs["validators"])
    expected = TextAreaField(_l("How it should work"), validators=RequestForm.expected.kwargs["validators"])


class FaultForm(RequestForm):
    title = StringField(_l("What goes wrong, in a few words"), validators=RequestForm.title.kwargs["validators"])
    body = TextAreaField(_l("What happened, step by step"), validators=RequestForm.body.kwargs["validators"])
    expected = TextAreaField(_l("What you expected"), validators=RequestForm.expected.kwargs["validators"])
    severity = RadioField(
        _l("How bad it is"),
        choices=[SelectChoice(severity.value, label) for severity, label in SEVERITIES.items()],
        validators=[InputRequired(_l("Choose one."))],
    )


class AnswerForm(Form):
    body = TextAreaField(
        _l("Answer in public"), validators=[DataRequired(NEEDED), Length(max=LONGEST_TEXT, message=TOO_LONG)]
    )


class ShipForm(Form):
    shipped_in = SelectField(_l("The build that ships it"), choices=[], validators=[InputRequired(NEEDED)])

    def offer_builds(self, builds: list[Build]) -> None:
        self.shipped_in.choices = _choices(builds)
