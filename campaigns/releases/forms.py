"""A train, and what one of its weeks or days carries."""

from __future__ import annotations

from datetime import date, time
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError

from campaigns.releases.queries import audiences
from campaigns.releases.rules import EVERY_DAY, HOURS_OF_A_DAY, MOST_HOURS, Course, Gate, Notify, Step, WaveKind
from campaigns.releases.rules.reports import LONGEST_LINE
from crm.builds.queries import newest_builds
from crm.builds.rules import PLATFORMS
from crm.core.forms import AtMost, Form

MARK_WORDS = {5: _l("5, very good"), 4: _l("4, good"), 3: _l("3, so so"), 2: _l("2, not good"), 1: _l("1, poor")}
WEEKDAYS = (
    _l("Monday"),
    _l("Tuesday"),
    _l("Wednesday"),
    _l("Thursday"),
    _l("Friday"),
    _l("Saturday"),
    _l("Sunday"),
)
LEAVES = {**dict(enumerate(WEEKDAYS)), EVERY_DAY: _l("Every day")}
DAYS = [SelectChoice(number, name) for number, name in LEAVES.items()]
WITHIN_A_DAY = _l("A train that leaves every day takes fewer than 24 hours for it: write at most 23.")


class Schedule(NamedTuple):
    weekday: int
    local_time: time
    zone: str


NOTIFIES = [
    SelectChoice(Notify.LETTER.value, _l("a letter in their language")),
    SelectChoice(Notify.ALL_LANGUAGES.value, _l("a letter in all languages")),
    SelectChoice(Notify.NONE.value, _l("no letter")),
]


def _notify(label: Any) -> SelectField:
    return SelectField(label, choices=NOTIFIES, default=Notify.LETTER.value)


def _number(label: Any, least: int, most: int) -> IntegerField:
    between = NumberRange(least, most, _l("Write a whole number from %(min)s to %(max)s."))
    return IntegerField(label, validators=[Optional(), between])


def _shares(text: str | None) -> list[str]:
    return (text or "").replace("%", " ").replace(",", " ").split()


class ScheduleForm(Form):
    weekday = SelectField(_l("Leaves"), coerce=int, choices=DAYS, default=4)
    local_time = TimeField(_l("Local time"), validators=[InputRequired()])
    zone = StringField(_l("Time zone"), validators=[DataRequired()])
    active = BooleanField(_l("It runs: its coming releases are prepared"), default=True)

    freeze_hours = _number(_l("Freeze, hours before it leaves"), 1, MOST_HOURS)
    rehearsal_hours = _number(_l("Rehearsal, hours before it leaves"), 1, MOST_HOURS)
    goes_itself = BooleanField(_l("It goes by itself when its time has come"), default=True)
    with_core = BooleanField(_l("The core has a wave of its own"))
    core_audience_id = SelectField(_l("Who is core"), coerce=int)
    shares = StringField(_l("Shares of the rest, in percent"), validators=[Length(max=100)])
    staff_notify = _notify(_l("Staff get"))
    core_notify = _notify(_l("The core gets"))
    share_notify = _notify(_l("The shares get"))
    with_everybody = BooleanField(_l("In the end everybody gets it"), default=True)
    everybody_notify = _notify(_l("Everybody gets"))
    gate_percent = _number(_l("How many percent must have run it"), 1, 100)
    gate_hours = _number(_l("Within how many hours of getting it"), 1, 168)
    gate_blockers = _number(_l("Blockers at which the gate closes"), 1, 100_000)
    gate_crashes = _number(_l("Crashes at which the gate closes"), 1, 1_000_000)
    holidays = TextAreaField(_l("Days on which it does not leave"), validators=[Length(max=20_000)])
    seen = HiddenField()
    """The version of the train that was looked at."""

    def offer(self, course: Course) -> None:
        """Fills the choices, and the fields with what the train does now."""
        saved = [SelectChoice(number, name) for number, name in audiences()]
        self.core_audience_id.choices = [SelectChoice(0, _l("testers with the tag core")), *saved]
        if self.is_submitted():
            return
        gate, kinds = course.gate, {step.kind: step for step in course.steps}
        for name, value in {
            "core_audience_id": course.core_audience_id or 0,
            "freeze_hours": course.freeze_hours,
            "rehearsal_hours": course.rehearsal_hours,
            "goes_itself": course.goes_itself,
            "with_core": WaveKind.CORE in kinds,
            "with_everybody": WaveKind.EVERYBODY in kinds,
            "shares": " ".join(str(step.percent) for step in course.steps if step.percent is not None),
            "gate_percent": gate.ran_percent,
            "gate_hours": gate.hours if gate.hours != HOURS_OF_A_DAY else None,
            "gate_blockers": gate.blockers,
            "gate_crashes": gate.crashes,
            "holidays": "\n".join(f"{on} {why}" for on, why in sorted(course.holidays.items())),
        }.items():
            self[name].data = value
        for kind, step in kinds.items():
            self[f"{kind}_notify"].data = step.notify.value

    def _within_a_day(self, field: Field) -> None:
        if self.weekday.data == EVERY_DAY and field.data and field.data >= HOURS_OF_A_DAY:
            raise ValidationError(WITHIN_A_DAY)

    def validate_freeze_hours(self, field: Field) -> None:
        self._within_a_day(field)

    def validate_gate_hours(self, field: Field) -> None:
        if self.gate_percent.data:
            self._within_a_day(field)

    def validate_rehearsal_hours(self, field: Field) -> None:
        self._within_a_day(field)
        if field.data and field.data > (self.freeze_hours.data or 0):
            raise ValidationError(_l("A rehearsal comes after the freeze: give the freeze more hours than it."))

    def validate_shares(self, field: Field) -> None:
        if not all(word.isdecimal() and 0 < int(word[:4]) < 100 for word in _shares(field.data)):
            raise ValidationError(_l("Write whole numbers from 1 to 99 with spaces between them, such as 5 25."))

    def validate_holidays(self, field: Field) -> None:
        for line in (field.data or "").splitlines():
            try:
                if line.strip():
                    date.fromisoformat(line.split()[0])
            except ValueError as error:
                raise ValidationError(_l("Write one day a line, such as 2027-01-01 New Year.")) from error

    @property
    def course(self) -> Course:
        """What a valid form says."""
        steps = [Step(WaveKind.STAFF, Notify(self.staff_notify.data))]
        if self.with_core.data:
            steps.append(Step(WaveKind.CORE, Notify(self.core_notify.data)))
        said = Notify(self.share_notify.data)
        steps += [Step(WaveKind.SHARE, said, int(word)) for word in _shares(self.shares.data)]
        if self.with_everybody.data:
            steps.append(Step(WaveKind.EVERYBODY, Notify(self.everybody_notify.data)))
        days = [line.strip().partition(" ") for line in (self.holidays.data or "").splitlines() if line.strip()]
        return Course(
            self.freeze_hours.data,
            self.rehearsal_hours.data,
            bool(self.goes_itself.data),
            self.core_audience_id.data or None,
            steps,
            Gate(self.gate_percent.data, self._gate_hours, self.gate_blockers.data, self.gate_crashes.data),
            {date.fromisoformat(on): why.strip() for on, _space, why in days},
        )

    @property
    def _gate_hours(self) -> int:
        return self.gate_hours.data or HOURS_OF_A_DAY - (self.weekday.data == EVERY_DAY)

    def validate_zone(self, field: Field) -> None:
        if field.data not in available_timezones():
            raise ValidationError(_l("This is no time zone: write it like Asia/Shanghai."))

    @property
    def schedule(self) -> Schedule:
        """What a valid form says."""
        assert self.local_time.data is not None
        return Schedule(self.weekday.data, self.local_time.data, self.zone.data or "")


class TrainForm(ScheduleForm):
    name = StringField(_l("Name"), validators=[DataRequired(), Length(max=100)])
    platform = SelectField(_l("Platform"), choices=[SelectChoice(name) for name in PLATFORMS])


class ReportForm(Form):
    """A tester's weekly report: a mark, and a line each."""

    mark = RadioField(
        _l("How good is this build?"),
        choices=[SelectChoice(*one) for one in MARK_WORDS.items()],
        coerce=int,
        validators=[InputRequired(_l("Choose a mark from 1 to 5."))],
    )
    works = StringField(_l("What works"), validators=[AtMost(LONGEST_LINE)])
    broken = StringField(_l("What is broken"), validators=[AtMost(LONGEST_LINE)])
    wanted = StringField(_l("What I want next"), validators=[AtMost(LONGEST_LINE)])


class PlanForm(Form):
    build_id = SelectField(_l("Build"), coerce=int)
    audience_id = SelectField(_l("Audience"), coerce=int)

    def offer(self, platform: str, build_id: int | None, audience_id: int | None) -> None:
        """Fills the choices, and chooses what the release has already."""
        builds = [SelectChoice(build.id, build.version) for build in newest_builds(platform=platform)]
        self.build_id.choices = [SelectChoice(0, _l("not chosen yet")), *builds]
        saved = [SelectChoice(number, name) for number, name in audiences()]
        self.audience_id.choices = [SelectChoice(0, _l("all testers")), *saved]
        if not self.is_submitted():
            self.build_id.data, self.audience_id.data = build_id or 0, audience_id or 0

    @property
    def chosen(self) -> dict[str, int | None]:
        return {"build_id": self.build_id.data or None, "audience_id": self.audience_id.data or None}
