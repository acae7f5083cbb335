"""Every setting, read once. A missing or bad one stops the start with a line that says what to set."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

DATABASES = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")
BROKERS = ("spool", "redis", "rediss", "amqp", "amqps", "memory")
MAIL = ("mailbox", "smtp", "smtps", "smtp+starttls")


class SettingError(ValueError):
    """`str(error)` is one line: which setting, and what to set it to."""


@dataclass(frozen=True)
class Settings:
    """`smtp_url` of `mailbox://` keeps letters here, to be read on a page; nothing leaves the machine."""

    data_dir: Path
    database_url: str
    broker_url: str
    smtp_url: str
    secret_key: str
    suppression_key: str
    base_url: str
    host: str
    port: int
    max_upload_mb: int
    trusted_proxies: int
    cookie_secure: bool
    accel_prefix: str
    log_format: str
    metrics_token: str
    worker_threads: int


def _url(environ: Mapping[str, str], name: str, default: str, schemes: tuple[str, ...], example: str) -> str:
    value = environ.get(name, "").strip() or default
    if urlsplit(value).scheme not in schemes:
        raise SettingError(f"{name}: set it to an address such as {example} (it is {value!r})")
    return value


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = environ.get(name, "").strip() or str(default)
    if not value.isdecimal() or not least <= int(value) <= most:
        raise SettingError(f"{name}: set it to a whole number from {least} to {most} (it is {value!r})")
    return int(value)


def _yes(environ: Mapping[str, str], name: str, default: bool) -> bool:
    value = environ.get(name, "").strip().lower() or ("1" if default else "0")
    if value not in ("0", "1", "yes", "no", "true", "false"):
        raise SettingError(f"{name}: set it to 1 or 0 (it is {value!r})")
    return value in ("1", "yes", "true")


def _own_key(environ: Mapping[str, str], name: str, folder: Path, embedded: bool) -> str:
    """The key from the environment; an embedded installation makes one and keeps it in its data folder."""
    value = environ.get(name, "").strip()
    if value:
        if len(value) < 32:
            raise SettingError(f"{name}: set it to 32 characters or more, such as `openssl rand -hex 32` gives")
        return value
    if not embedded:
        raise SettingError(f"{name}: set it to a secret of your own, for example from `openssl rand -hex 32`")
    path = folder / f"{name.lower()}.txt"
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Raises SettingError. Makes the data folder when it is not there, for our own eyes."""
    env = os.environ if environ is None else environ
    folder = Path(env.get("DATA_DIR", "").strip() or "data").absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"DATA_DIR: set it to a folder that can be written ({error})") from error
    database = _url(
        env,
        "DATABASE_URL",
        f"sqlite:///{folder}/seedbed.db",
        DATABASES,
        "postgresql://seedbed:secret@localhost/seedbed",
    )
    embedded = database.startswith("sqlite")
    if database.startswith(("postgres://", "postgresql://")):
        database = "postgresql+psycopg://" + database.partition("://")[2]
    host = env.get("HOST", "").strip() or "127.0.0.1"
    port = _number(env, "PORT", 8000, 1, 65535)
    base = env.get("BASE_URL", "").strip() or f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 -- compared, not bound
    if urlsplit(base).scheme not in ("http", "https") or not urlsplit(base).netloc:
        raise SettingError(f"BASE_URL: set it to an address such as https://seed.example.org (it is {base!r})")
    log_format = env.get("LOG_FORMAT", "").strip() or ("text" if embedded else "json")
    if log_format not in ("text", "json"):
        raise SettingError(f"LOG_FORMAT: set it to text or json (it is {log_format!r})")
    return Settings(
        data_dir=folder,
        database_url=database,
        broker_url=_url(env, "BROKER_URL", f"spool://{folder}/spool", BROKERS, "redis://localhost:6379/0"),
        smtp_url=_url(env, "SMTP_URL", "mailbox://", MAIL, "smtp+starttls://user:secret@mail.example.org:587"),
        secret_key=_own_key(env, "SECRET_KEY", folder, embedded),
        suppression_key=_own_key(env, "SUPPRESSION_KEY", folder, embedded),
        base_url=base.rstrip("/"),
        host=host,
        port=port,
        max_upload_mb=_number(env, "MAX_UPLOAD_MB", 4096, 1, 1_000_000),
        trusted_proxies=_number(env, "TRUSTED_PROXIES", 0, 0, 5),
        cookie_secure=_yes(env, "COOKIE_SECURE", base.startswith("https")),
        accel_prefix=env.get("ACCEL_PREFIX", "").strip(),
        log_format=log_format,
        metrics_token=env.get("METRICS_TOKEN", "").strip(),
        worker_threads=_number(env, "WEB_THREADS", 64, 1, 512),
    )


def as_config(settings: Settings) -> dict[str, object]:
    """The names under which rooms find settings in app.config."""
    return {
        "DATA_DIR": str(settings.data_dir),
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "BROKER_URL": settings.broker_url,
        "SMTP_URL": settings.smtp_url,
        "SECRET_KEY": settings.secret_key,
        "SUPPRESSION_KEY": settings.suppression_key,
        "BASE_URL": settings.base_url,
        "HOST": settings.host,
        "PORT": settings.port,
        "MAX_UPLOAD_BYTES": settings.max_upload_mb << 20,
        "TRUSTED_PROXIES": settings.trusted_proxies,
        "SESSION_COOKIE_SECURE": settings.cookie_secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "ACCEL_PREFIX": settings.accel_prefix,
        "LOG_FORMAT": settings.log_format,
        "METRICS_TOKEN": settings.metrics_token,
        "WEB_THREADS": settings.worker_threads,
    }
