from __future__ import annotations

from pathlib import Path

import pytest

from crm.settings import SettingError, read


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
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        read({"DATA_DIR": str(tmp_path), name: value})
    assert str(refused.value).startswith(f"{name}: set it to")
    assert "\n" not in str(refused.value)


def test_postgresql_needs_a_secret_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="SECRET_KEY"):
        read({"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://localhost/seedbed"})
