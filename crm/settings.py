"""Every setting, read once. A missing or bad one stops the start with a line that says what to set."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

DATABASES = ("sqlite", "postgresql", "postgresql+psycopg", "postgres")
BROKERS = ("spool", "redis", "rediss", "amqp", "amqps", "memory")
MAIL = ("mailbox", "smtp", "smtps", "smtp+starttls")
NEED_HOST = ("smtp", "smtps", "smtp+starttls", "http", "https")
LONGEST_NUMBER = 12


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
    x_sendfile: bool
    log_format: str
    metrics_token: str
    worker_threads: int
    mail_connections: int
    mail_depth: int
    dns_servers: str
    approval_above: int


def _bad_address(name: str, value: str, example: str) -> SettingError:
    """Without the password: the line goes into logs."""
    shown = re.sub(r"(://[^:/@]*):.*@", r"\1:***@", value)
    return SettingError(f"{name}: set it to an address such as {example} (it is {shown!r})")


def _parts(value: str) -> SplitResult | None:
    """None for what is no address; a port is a number."""
    try:
        found = urlsplit(value)
        found.port  # noqa: B018 -- asking for it is what checks it
    except ValueError:
        return None
    return found


def _url(environ: Mapping[str, str], name: str, default: str, schemes: tuple[str, ...], example: str) -> str:
    """Letters and browsers need a host; a broker's may be left out, which is this machine. Empty: none is set."""
    value = environ.get(name, "").strip() or default
    if not value:
        return ""
    parts = _parts(value)
    if parts is None or parts.scheme not in schemes:
        raise _bad_address(name, value, example)
    needed = {"spool": parts.netloc + parts.path, **dict.fromkeys(NEED_HOST, parts.hostname)}
    if not needed.get(parts.scheme, "nothing more"):
        raise _bad_address(name, value, example)
    return value


def _database(environ: Mapping[str, str], name: str, folder: Path) -> str:
    """A database that lasts, and that SQLAlchemy can read: its passwords may hold what a web address may not."""
    value = environ.get(name, "").strip()
    if not value:
        return f"sqlite:///{folder}/seedbed.db"
    scheme, _mark, rest = value.partition("://")
    example = "postgresql://seedbed:secret@localhost/seedbed"
    if scheme not in DATABASES:
        raise _bad_address(name, value, example)
    if scheme == "sqlite":
        if len(rest) < 2 or not rest.startswith("/") or "memory" in rest.partition("?")[2] or ":memory:" in rest:
            raise SettingError(
                f"{name}: set it to a file that lasts, such as sqlite:////var/lib/seed.db (it is {value!r})"
            )
        return value
    if scheme != "postgresql+psycopg":
        value = f"postgresql+psycopg://{rest}"
    from sqlalchemy.engine import make_url  # noqa: PLC0415 -- only here, where it is loaded anyway a moment later
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415 -- as above

    try:
        make_url(value)
    except (ArgumentError, ValueError) as error:
        raise _bad_address(name, f"{scheme}://{rest}", example) from error
    return value


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    value = environ.get(name, "").strip() or str(default)
    if not value.isdecimal() or len(value) > LONGEST_NUMBER or not least <= int(value) <= most:
        raise SettingError(f"{name}: set it to a whole number from {least} to {most} (it is {value!r})")
    return int(value)


def _servers(environ: Mapping[str, str], name: str) -> str:
    """Addresses of name servers, with a port or without; empty: those that the system asks."""
    value = environ.get(name, "").replace(",", " ").strip()
    for one in value.split():
        parts = _parts(f"dns://{one}")
        try:
            ip_address((parts.hostname if parts else None) or "")
        except ValueError as error:
            raise SettingError(
                f"{name}: set it to addresses such as 1.1.1.1 or 127.0.0.1:5353 (it is {value!r})"
            ) from error
    return value


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
    except OSError as error:
        raise SettingError(f"DATA_DIR: set it to a folder that can be written ({error})") from error
    return path.read_text(encoding="ascii").strip()


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Raises SettingError. Makes the data folder when it is not there, for our own eyes."""
    env = os.environ if environ is None else environ
    folder = Path(env.get("DATA_DIR", "").strip() or "data").absolute()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"DATA_DIR: set it to a folder that can be written ({error})") from error
    database = _database(env, "DATABASE_URL", folder)
    embedded = database.startswith("sqlite")
    host = env.get("HOST", "").strip() or "127.0.0.1"
    port = _number(env, "PORT", 8000, 1, 65535)
    name = "127.0.0.1" if host == "0.0.0.0" else f"[{host}]" if ":" in host else host  # noqa: S104 -- compared, not bound
    here = f"http://{name}:{port}"
    base = _url(env, "BASE_URL", here, ("http", "https"), "https://seed.example.org")
    log_format = env.get("LOG_FORMAT", "").strip() or ("text" if embedded else "json")
    if log_format not in ("text", "json"):
        raise SettingError(f"LOG_FORMAT: set it to text or json (it is {log_format!r})")
    return Settings(
        data_dir=folder,
        database_url=database,
        broker_url=_url(env, "BROKER_URL", f"spool://{folder}/spool", BROKERS, "redis://localhost:6379/0"),
        smtp_url=_url(env, "SMTP_URL", "", MAIL, "smtp+starttls://user:secret@mail.example.org:587"),
        secret_key=_own_key(env, "SECRET_KEY", folder, embedded),
        suppression_key=_own_key(env, "SUPPRESSION_KEY", folder, embedded),
        base_url=base.rstrip("/"),
        host=host,
        port=port,
        max_upload_mb=_number(env, "MAX_UPLOAD_MB", 4096, 1, 1_000_000),
        trusted_proxies=_number(env, "TRUSTED_PROXIES", 0, 0, 5),
        cookie_secure=_yes(env, "COOKIE_SECURE", base.startswith("https")),
        accel_prefix=env.get("ACCEL_PREFIX", "").strip(),
        x_sendfile=_yes(env, "X_SENDFILE", False),
        log_format=log_format,
        metrics_token=env.get("METRICS_TOKEN", "").strip(),
        worker_threads=_number(env, "WEB_THREADS", 64, 1, 512),
        mail_connections=_number(env, "MAIL_CONNECTIONS", 4, 1, 64),
        mail_depth=_number(env, "MAIL_DEPTH", 100, 1, 1000),
        dns_servers=_servers(env, "DNS_SERVERS"),
        approval_above=_number(env, "APPROVAL_ABOVE", 0, 0, 100_000_000),
    )


def as_config(settings: Settings) -> dict[str, object]:
    """The names under which rooms find settings in app.config."""
    return {
        "DATA_DIR": str(settings.data_dir),
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            # a server that was restarted has hung up: whoever takes a connection from the pool gets one that lives
            "pool_pre_ping": settings.database_url.startswith("postgres"),
            "max_overflow": settings.worker_threads,  # no thread waits for the connection of another
        },
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
        "X_SENDFILE": settings.x_sendfile,
        "LOG_FORMAT": settings.log_format,
        "METRICS_TOKEN": settings.metrics_token,
        "WEB_THREADS": settings.worker_threads,
        "MAIL_CONNECTIONS": settings.mail_connections,
        "MAIL_DEPTH": settings.mail_depth,
        "DNS_SERVERS": settings.dns_servers,
        "APPROVAL_ABOVE": settings.approval_above,
    }
