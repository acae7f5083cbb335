"""The second step of signing in: codes by time, each used once, and recovery codes for a lost telephone."""

from __future__ import annotations

import base64
import hmac
import io
import secrets
import unicodedata
from datetime import datetime

import pyotp
import segno
from sqlalchemy import delete, or_, update

from crm.accounts.models import Credential, RecoveryCode
from crm.accounts.rules import RECOVERY_CODES, TOTP_STEP
from crm.core import journal
from crm.core.db import session
from crm.core.tokens import digest

GROUP = 4
GROUPS = 4


def new_totp_secret() -> str:
    return pyotp.random_base32()


def provisioning_uri(secret: str, mail: str, programme_name: str) -> str:
    return pyotp.TOTP(secret).provisioning_uri(name=mail, issuer_name=programme_name)


def qr_image(text: str) -> str:
    """An SVG as a data address; black on white in every theme, or cameras fail to read it."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="svg", scale=5, border=3, light="white", dark="black")
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()


def _narrow(code: str) -> str:
    """Digits, letters and spaces in full width, as a Chinese keyboard types them, are the plain ones."""
    return unicodedata.normalize("NFKC", code)


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """The time step that this code belongs to: now, or one to either side for a clock that is a little off."""
    totp, here = pyotp.TOTP(secret), int(at.timestamp()) // TOTP_STEP
    given = "".join(_narrow(code).split()).encode()
    for step in (here, here - 1, here + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), given):
            return step
    return None


def use_code(credential: Credential, code: str, *, at: datetime) -> bool:
    """A code by time, or a recovery code. A second time is refused, also when both come at once."""
    if credential.totp_secret is None:
        return False
    person_id, step = credential.person_id, step_of(credential.totp_secret, code, at)
    if step is None:
        return _use_recovery_code(person_id, code, at)
    fresh = or_(Credential.totp_last_used.is_(None), Credential.totp_last_used < step)
    used = session().execute(
        update(Credential)
        .where(Credential.person_id == person_id, fresh)
        .values(totp_last_used=step)
        .returning(Credential.person_id)
        .execution_options(synchronize_session=False)
    )
    return used.first() is not None


def _note(action: str, person_id: int, at: datetime) -> None:
    journal.record(action, f"person:{person_id}", at=at, about_id=person_id)


def _plain(code: str) -> str:
    return "".join(character for character in _narrow(code).lower() if character.isalnum())


def _use_recovery_code(person_id: int, code: str, at: datetime) -> bool:
    used = session().execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.digest == digest(_plain(code)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=at)
        .returning(RecoveryCode.digest)
    )
    if used.first() is None:
        return False
    _note("accounts.use_recovery_code", person_id, at)
    return True


def renew_recovery_codes(person_id: int) -> list[str]:
    """Ends the old ones. The codes are shown once; their digests are kept."""
    session().execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    codes = []
    for _ in range(RECOVERY_CODES):
        letters = base64.b32encode(secrets.token_bytes(GROUP * GROUPS * 5 // 8)).decode().lower()
        codes.append("-".join(letters[start : start + GROUP] for start in range(0, GROUP * GROUPS, GROUP)))
    session().add_all(RecoveryCode(person_id=person_id, digest=digest(_plain(code))) for code in codes)
    session().flush()
    return codes


def switch_on(credential: Credential, secret: str, code: str, *, at: datetime) -> list[str] | None:
    """Recovery codes, or None when the code does not fit the secret."""
    step = step_of(secret, code, at)
    if step is None:
        return None
    credential.totp_secret, credential.totp_last_used = secret, step
    _note("accounts.switch_on_second_step", credential.person_id, at)
    return renew_recovery_codes(credential.person_id)


def switch_off(credential: Credential, *, at: datetime) -> None:
    credential.totp_secret = credential.totp_last_used = None
    session().execute(delete(RecoveryCode).where(RecoveryCode.person_id == credential.person_id))
    _note("accounts.switch_off_second_step", credential.person_id, at)
    session().flush()
