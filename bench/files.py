"""What the files of builds cost: `python -m bench.files [--megabytes N] [--rounds N] [--python PATH]`.

Starts the server as `crm.serve` does, on SQLite. A file of 2 GiB goes up in pieces (tus) and is stored; then it is
downloaded from the server itself, and through nginx, which sends it when the server says so (X-Accel-Redirect), in turn
with the same file from the same nginx, which asks nobody. Printed are MB/s, the share of nginx alone, and the most
memory that a process of the server ever had. Then curl and, where it is installed, aria2 are killed at random in the
middle of the download and go on until the sum is right. Fails above 150 MB, under 0.7 of nginx, or when a sum is
wrong. Needs nginx (Debian's nginx-light) and curl.

With --python the server runs as users install it: packages for development cost it some 6 MB, as libraries take what
they find.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade

from bench.feeds import KEYS, START, server
from crm.accounts.actions import create_programme, make_api_token
from crm.app import create_app
from crm.builds import tasks
from crm.builds.actions import grant_access, register_build
from crm.builds.queries import artefacts_of, download_token
from crm.core import clock
from crm.core.db import session, start_writing
from crm.core.files import path_of
from crm.settings import read
from tests.services import free_port
from tests.stories.serving import wait_until

MEMORY_BAR = 150  # MB
SHARE_BAR = 0.7
PROGRAM = "crm.app:create_app()"
PIECE = 16 << 20
KILLS = 12
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1; {user}
events {{}}
http {{
  access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location /stored/ {{ internal; alias {files}/; }}
    location /bare/ {{ alias {files}/; }}
    location / {{ proxy_pass http://127.0.0.1:{web}; proxy_set_header Host $host; }}
  }}
}}
"""


def seed() -> tuple[int, int, str]:
    """A build, who may have it, and the token of a build machine."""
    start_writing()
    lin = create_programme("Orange", "Asia/Shanghai", ["en"], "Lin", "lin@orange.example", at=START)
    build = register_build("android", "1.8.12", {}, at=START)
    grant_access(build.id, [lin.id], at=START, granted_by="bench")
    token = make_api_token(lin.id, "machine", ["builds:write"], at=clock.now())
    made = build.id, lin.id, token
    session().commit()
    return made


def upload(port: int, token: str, build_id: int, file: Path) -> float:
    """Seconds that all pieces took."""
    connection, size = HTTPConnection("127.0.0.1", port, timeout=60), file.stat().st_size
    told = f"build {b64encode(str(build_id).encode()).decode()},filename {b64encode(b'orange.img').decode()}"
    key = {"Authorization": f"Bearer {token}", "Tus-Resumable": "1.0.0"}
    connection.request("POST", "/api/v1/uploads", headers=key | {"Upload-Length": str(size), "Upload-Metadata": told})
    answer = connection.getresponse()
    if answer.status != 201:
        raise AssertionError(f"no upload begins: {answer.status} {answer.read().decode()}")
    answer.read()
    place, began = answer.getheader("Location") or "", time.perf_counter()
    with file.open("rb") as stream:
        while block := stream.read(PIECE):
            offset = {
                "Upload-Offset": str(stream.tell() - len(block)),
                "Content-Type": "application/offset+octet-stream",
            }
            connection.request("PATCH", place, block, headers=key | offset)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 204:
                raise AssertionError(f"a piece was answered with {answer.status}")
    return time.perf_counter() - began


def most_memory(web: subprocess.Popen[bytes]) -> float:
    """Of the process of the server that ever had the most, in MB."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            told = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:  # it has ended meanwhile
            continue
        if int(status.parent.name) == web.pid or int(told["PPid"]) == web.pid:
            found.append(int(told["VmHWM"].split()[0]) / 1000)
    return max(found)


@contextmanager
def nginx(folder: Path, port: int, web: int) -> Iterator[None]:
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(NGINX.format(folder=folder, port=port, files=folder / "files", web=web, user=user))
    process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(config)])
    try:
        wait_until((folder / "nginx.pid").exists, 20, "nginx")
        yield
    finally:
        process.terminate()
        process.wait()


def download(address: str) -> float:
    """Seconds that curl took."""
    began = time.perf_counter()
    subprocess.run(["curl", "-sSf", "-o", "/dev/null", address], check=True)
    return time.perf_counter() - began


def interrupted(command: list[str], target: Path, sha256: str, chance: random.Random) -> bool:
    """Starts the client again and again, killing it in the middle, then lets it end; whether the sum is right."""
    for _kill in range(KILLS):
        client = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            client.wait(chance.uniform(0.05, 0.25))
        except subprocess.TimeoutExpired:
            client.kill()
            client.wait()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def downloads(web: str, proxy: str, path: str, bare: str, size: int, rounds: int) -> bool:
    ways = {"nginx alone": proxy + bare, "nginx, when told": proxy + path, "the server itself": web + path}
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _round in range(rounds):
        for name, address in ways.items():
            took[name].append(download(address))
    shares = {}
    for name, found in took.items():
        shares[name] = statistics.median(bare / own for own, bare in zip(found, took["nginx alone"], strict=True))
        print(f"{name:18} {size / statistics.median(found) / 1e6:8,.0f} MB/s   {shares[name]:5.2f} of nginx alone")
    return shares["nginx, when told"] >= SHARE_BAR


def kills(address: str, sha256: str, folder: Path) -> bool:
    chance, good = random.Random(7), True
    clients = {
        "curl": ["curl", "-sf", "-C", "-", "-o", str(folder / "curl"), address],
        "aria2c": ["aria2c", "-q", "-c", "-x4", "-s4", "-d", str(folder), "-o", "aria2c", address],
    }
    for name, command in clients.items():
        if shutil.which(name) is None:
            print(f"{name:18} is not installed: not tried")
            continue
        whole = interrupted(command, folder / name, sha256, chance)
        print(f"{name:18} killed {KILLS} times at random: {'the sum is right' if whole else 'THE SUM IS WRONG'}")
        good = good and whole
    return good


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--megabytes", type=int, default=2048)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--python", default=sys.executable, help="of an installation without development packages")
    chosen = options.parse_args()
    if not (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()) or shutil.which("curl") is None:
        sys.exit("bench.files needs nginx and curl: apt-get install nginx-light curl")
    with tempfile.TemporaryDirectory(prefix="seedbed-files-") as name:
        folder, web_port, told_port, proxy_port = Path(name), free_port(), free_port(), free_port()
        env = KEYS | {"DATA_DIR": name, "BROKER_URL": "memory://", "LOG_FORMAT": "json"}
        file = folder / "orange.img"
        with file.open("wb") as out:
            for number in range(chosen.megabytes):
                out.write(random.Random(number).randbytes(1 << 20))
        app = create_app(read(env))
        with app.app_context():
            upgrade()
            build_id, lin, token = seed()
            with server(env, web_port, folder, PROGRAM, chosen.python) as web:
                idle = most_memory(web)
                seconds = upload(web_port, token, build_id, file)
                size = file.stat().st_size
                print(f"{'upload in pieces':18} {size / seconds / 1e6:8,.0f} MB/s")
                file.unlink()
                began = time.perf_counter()
                assert tasks.store_uploads() == 1
                print(f"{'summed and stored':18} {size / (time.perf_counter() - began) / 1e6:8,.0f} MB/s")
                (artefact,) = artefacts_of(build_id)
                path, sha256 = f"/b/{download_token(artefact.id, lin, clock.now())}", artefact.sha256
                bare, stored = f"/bare/{artefact.file_key}", path_of(artefact.file_key)
                session().commit()
                with (
                    server(env | {"ACCEL_PREFIX": "/stored"}, told_port, folder, PROGRAM, chosen.python),
                    nginx(folder, proxy_port, told_port),
                ):
                    hosts = f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{proxy_port}"
                    good = downloads(*hosts, path, bare, size, chosen.rounds)
                    good = kills(hosts[0] + path, sha256, folder) and good
                memory = most_memory(web)
                print(f"{'memory':18} {memory:8,.0f} MB at most (bar {MEMORY_BAR}), {idle:,.0f} before any file")
            stored.unlink()
    return 0 if good and memory <= MEMORY_BAR else 1


if __name__ == "__main__":
    sys.exit(main())
