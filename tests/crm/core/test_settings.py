from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm.settings import SettingError, read

ROOT = Path(__file__).resolve().parents[3]


def test_nothing_needs_to_be_set_for_an_embedded_start(tmp_path: Path) -> None:
    settings = read({"DATA_DIR": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/seedbed.db"
    assert settings.broker_url == f"spool://{tmp_path}/spool"
    assert settings.base_url == "http://127.0.0.1:8000"


def test_an_embedded_start_makes_keys_of_its_own_and_keeps_them(tmp_path: Path) -> None:
    first, second = (read({"DATA_DIR": str(tmp_path)}) for _ in range(2))
    assert first.secret_key == second.secret_key != first.suppression_key
    assert (tmp_path / "secret_key.txt").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://localhost/x"),
        ("BROKER_URL", "carrier-pigeon://"),
        ("SMTP_URL", "localhost:25"),
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("SECRET_KEY", "short"),
        ("BASE_URL", "seed.example.org"),
        ("LOG_FORMAT", "xml"),
        ("COOKIE_SECURE", "perhaps"),
        ("MAX_UPLOAD_MB", "0"),
        ("PORT", "9" * 5000),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///file:x?mode=memory&uri=true"),
        ("DATABASE_URL", "postgresql://[::x"),
        ("DATABASE_URL", "postgresql://a:b@h:notaport/x"),
        ("BASE_URL", "http://["),
        ("BASE_URL", "http://:80"),
        ("BASE_URL", "https://seed.example.org:abc"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://host:abc"),
        ("SMTP_URL", "smtps://user:secret@:465"),
        ("SMTP_URL", "smtp://["),
        ("BROKER_URL", "redis://[::1"),
        ("BROKER_URL", "redis://host:abc/0"),
        ("BROKER_URL", "spool://"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        read({"DATA_DIR": str(tmp_path), name: value})
    assert str(refused.value).startswith(f"{name}: set it to")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://seedbed:p#s/s?t@localhost/seedbed"),
        ("DATABASE_URL", "postgresql:///seedbed?host=/run/postgresql"),
        ("DATABASE_URL", "postgresql://[::1]:5432/seedbed"),
        ("DATABASE_URL", "sqlite:////var/lib/seedbed/seedbed.db"),
        ("SMTP_URL", "mailbox://"),
        ("SMTP_URL", "smtp+starttls://user%40x:secret@mail.example.org"),
        ("BROKER_URL", "redis://:secret@[::1]:6379/0"),
        ("BROKER_URL", "memory://"),
        ("BASE_URL", "https://[::1]:8443/seeds"),
        ("HOST", "::"),
    ],
)
def test_an_unusual_but_good_address_is_taken(tmp_path: Path, name: str, value: str) -> None:
    keys = {"SECRET_KEY": "k" * 40, "SUPPRESSION_KEY": "k" * 40}
    assert read({"DATA_DIR": str(tmp_path), **keys, name: value})


def test_a_refused_address_does_not_tell_its_password(tmp_path: Path) -> None:
    with pytest.raises(SettingError) as refused:
        read({"DATA_DIR": str(tmp_path), "DATABASE_URL": "mysql://seedbed:pass:word@localhost/x"})
    assert "mysql://seedbed:***@localhost/x" in str(refused.value)


@pytest.mark.parametrize(
    ("command", "name", "value"),
    [
        ("gunicorn crm.app:create_app() --bind 127.0.0.1:0 --no-control-socket", "PORT", "abc"),
        ("celery --app crm.worker worker --pool solo", "DATABASE_URL", "mysql://x"),
        ("flask --app crm.app people export 1", "SECRET_KEY", "short"),
        ("flask --app crm.app db upgrade", "PORT", "0"),
    ],
)
def test_whatever_starts_with_a_bad_setting_ends_with_one_line(
    tmp_path: Path, command: str, name: str, value: str
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=ROOT, env=os.environ | {"DATA_DIR": str(tmp_path), name: value},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode > 0
    told = [line for line in (ran.stdout + ran.stderr).splitlines() if line and not line.startswith("[")]
    assert len(told) == 1, told
    assert told[0].startswith(f"{name}: set it to")


def test_postgresql_needs_a_secret_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="SECRET_KEY"):
        read({"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://localhost/seedbed"})
