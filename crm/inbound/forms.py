"""A mailbox, the limits, an answer."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import (
    BooleanField,
    DecimalField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from crm.core.forms import Form
from crm.core.mailboxes import MailboxKind
from crm.outbox.forms import HOST, NEEDED, SHORT, TLS


class MailboxForm(Form):
    name = StringField(_l("Name"), [DataRequired(NEEDED), SHORT])
    kind = SelectField(
        _l("How it is read"),
        choices=[SelectChoice(MailboxKind.IMAP.value, "IMAP"), SelectChoice(MailboxKind.POP3.value, "POP3")],
    )
    host = StringField(_l("Host"), [DataRequired(NEEDED), SHORT, HOST])
    tls = SelectField(_l("Encryption"), choices=TLS)
    port = IntegerField(_l("Port"), [Optional(), NumberRange(1, 65535, message=_l("A number from 1 to 65535."))])
    user = StringField(lazy_pgettext("mailbox", "User"), [DataRequired(NEEDED), SHORT])
    password = PasswordField(_l("Password"), [Length(max=1000)])
    folder = StringField(_l("Folder"), [SHORT], default="INBOX")
    deletes = BooleanField(_l("Delete there what has been read"))
    active = BooleanField(_l("Read it"), default=True)


class LimitsForm(Form):
    soft_bounces = IntegerField(
        _l("So many temporary bounces count as a final one"),
        [InputRequired(NEEDED), NumberRange(1, 1000, message=_l("A number from 1 to 1000."))],
    )
    soft_days = IntegerField(
        _l("When they come within so many days"),
        [InputRequired(NEEDED), NumberRange(1, 365, message=_l("A number from 1 to 365."))],
    )
    bounces = DecimalField(
        _l("A campaign pauses itself over so many percent of bounces"),
        [InputRequired(NEEDED), NumberRange(0.01, 100, message=_l("A share from 0.01 to 100."))],
        places=2,
    )
    complaints = DecimalField(
        _l("A campaign pauses itself over so many percent of complaints"),
        [InputRequired(NEEDED), NumberRange(0.01, 100, message=_l("A share from 0.01 to 100."))],
        places=2,
    )
    least_sent = IntegerField(
        _l("But not before it has sent so many letters"),
        [InputRequired(NEEDED), NumberRange(1, 1_000_000, message=_l("A number from 1 to 1,000,000."))],
    )


class AnswerForm(Form):
    subject = StringField(_l("Subject"), [DataRequired(NEEDED), SHORT])
    text = TextAreaField(_l("Your answer"), [DataRequired(NEEDED), Length(max=20_000)])
    key = HiddenField(validators=[Length(max=64)])
