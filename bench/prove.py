"""The long proofs: `python3 dev.py prove [--kills 20] [--singles 30] [--stops 10] [--rows 1000000] [--no-crowds]
[--no-updaters] [--no-boots] [--seed N]`.

0 leaves one out, and its last result stays as it was. Kills web and worker with -9 at random moments of an import, a
campaign and the opening of a release, in turn on SQLite with the folder for a broker and on PostgreSQL with Redis, and
looks whether anything was lost or doubled. Then, in campaigns of 20,000 letters that are counted at the mail server,
kills one process of web, worker or beat, or PostgreSQL or Redis, which has forgotten everything afterwards; and
ends campaigns with SIGTERM, after which no letter may be in doubt. Then imports a million rows against the floor (see
bench/import_people.py) and draws a million names (see bench/crowds.py). What came of each is written to
bench/results/prove.json and prove.md with its date and commit as soon as it is known, so that a proof which was broken
off has told what it had found. A real updater from npm reads a feed (see bench/updaters.py). At last boot screens are
booted (see bench/boots.py, which writes boots.json and boots.md).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import redis

from crm.core import clock
from tests.databases import new_database
from tests.fragile import fragile_broker, fragile_server
from tests.services import POSTGRES, REDIS
from tests.stories.kill import (
    Campaigning,
    Importing,
    Opening,
    Strike,
    Work,
    crash,
    kill_one,
    stop_and_start,
    survive,
)
from tests.stories.sink import Sink

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
TITLES = {
    "kills": "Kill -9 of web and worker",
    "singles": "One process, the database or the broker is lost while a campaign of 20,000 letters leaves",
    "stops": "SIGTERM while a campaign of 20,000 letters leaves",
    "imports": "Importing many rows against the floor",
    "crowds": "Boot screens for crowds",
}
STRIKES: dict[str, Strike] = {"process": kill_one, "stop": stop_and_start}
FRAGILE = {"database": ("DATABASE_URL", fragile_server), "broker": ("BROKER_URL", fragile_broker)}
"""The setting that names such a server, and one that may be killed."""
WORKS = ("import", "campaign", "opening")
KEYS = {"SECRET_KEY": "a secret that only this proof knows", "SUPPRESSION_KEY": "another one for the hashes of people"}


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def commit() -> str:
    """What is proved; its own results do not change it."""
    changed = git("status", "-uno", "-s", "--", ".", ":!bench/results")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")


def machine() -> str:
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


@contextmanager
def place(broker: str, postgres: str | None, redis_url: str | None) -> Iterator[dict[str, str]]:
    """The settings of an installation of its own."""
    if broker == "spool":
        yield dict(KEYS)
        return
    assert postgres is not None
    assert redis_url is not None
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushdb()
    with new_database(postgres) as address:
        yield KEYS | {"DATABASE_URL": address, "BROKER_URL": redis_url, "LOG_FORMAT": "text"}


def one_kill(kind: str, settings: dict[str, str], rng: random.Random) -> tuple[float, float]:
    """The progress at which the kill was meant to strike, and at which it struck."""
    moment = rng.uniform(0.02, 0.97)
    with tempfile.TemporaryDirectory(prefix="seedbed-prove-") as name, Sink() as sink:
        campaign = Campaigning(sink, 20_000, connections=4, depth=25)
        works: dict[str, Work] = {
            "import": Importing(60_000),
            "campaign": campaign,
            "opening": Opening(8_000),
        }
        more = campaign.settings if kind == "campaign" else {}
        struck = survive(works[kind], Path(name), settings | more, moment=moment, rng=rng, seconds=240)
    return moment, struck


def one_strike(kind: str, settings: dict[str, str], rng: random.Random) -> tuple[float, float]:
    """As one_kill, in a campaign. A database or broker that is lost is one of its own: its server is killed."""
    moment = rng.uniform(0.02, 0.97)
    with (
        tempfile.TemporaryDirectory(prefix="seedbed-prove-") as name,
        Sink() as sink,
        FRAGILE[kind][1]() if kind in FRAGILE else nullcontext() as server,
    ):
        campaign = Campaigning(sink, 20_000, connections=4, depth=25)
        where = settings | campaign.settings | ({FRAGILE[kind][0]: server.address} if server else {})
        strike, in_doubt = crash(server) if server else STRIKES[kind], kind not in ("stop", "broker")
        struck = survive(
            campaign, Path(name), where, moment=moment, rng=rng, seconds=240, strike=strike, in_doubt=in_doubt
        )
    return moment, struck


def section() -> dict[str, Any]:
    """A proof that begins now."""
    return {"at": clock.now().isoformat(timespec="seconds"), "commit": commit(), "machine": machine(), "rows": []}


def prove_kills(report: dict[str, Any], kills: int, seed: int) -> None:
    plan = [(WORKS[number % len(WORKS)], ("spool", "redis")[number // len(WORKS) % 2]) for number in range(kills)]
    prove_each(report, "kills", plan, one_kill, seed)


def prove_singles(report: dict[str, Any], count: int, seed: int) -> None:
    """Every third on SQLite with the folder, where there is neither server to lose."""
    kinds = [("process", "spool"), ("process", "redis"), ("database", "redis"), ("broker", "redis")]
    prove_each(report, "singles", [kinds[number % len(kinds)] for number in range(count)], one_strike, seed)


def prove_stops(report: dict[str, Any], count: int, seed: int) -> None:
    plan = [("stop", ("spool", "redis")[number % 2]) for number in range(count)]
    prove_each(report, "stops", plan, one_strike, seed)


def prove_each(
    report: dict[str, Any],
    proof: str,
    plan: list[tuple[str, str]],
    one: Callable[[str, dict[str, str], random.Random], tuple[float, float]],
    seed: int,
) -> None:
    """`plan`: what is struck, or how, and on which broker."""
    report[proof] = section()
    with ExitStack() as stack:
        postgres, redis_url = POSTGRES.provide(stack), REDIS.provide(stack)
        for number, (kind, broker) in enumerate(plan):
            if broker == "redis" and not (postgres and redis_url):
                add(report, proof, {"kind": kind, "broker": broker, "sound": False, "said": "NOT RUN: no such server"})
                continue
            rng, began = random.Random(seed + number), time.monotonic()
            row: dict[str, Any] = {"kind": kind, "broker": broker, "seed": seed + number, "sound": False}
            try:
                with place(broker, postgres, redis_url) as settings:
                    row["moment"], row["struck"] = one(kind, settings, rng)
                row |= {"said": "nothing lost, nothing doubled", "sound": True}
            except (AssertionError, subprocess.SubprocessError, OSError) as error:
                row["said"] = f"FAILED: {str(error).splitlines()[0]}"
            row["seconds"] = round(time.monotonic() - began, 1)
            add(report, proof, row)


def prove_imports(report: dict[str, Any], rows: int) -> None:
    report["imports"] = section()
    command = [sys.executable, str(ROOT / "bench" / "import_people.py"), "--rows", str(rows), "--rounds", "1"]
    for engine in ("sqlite", "postgresql"):
        ran = subprocess.run([*command, "--engine", engine], capture_output=True, text=True, check=False, cwd=ROOT)
        said = ran.stdout.strip() or ran.stderr.strip().splitlines()[-1]
        add(report, "imports", {"engine": engine, "sound": ran.returncode == 0, "said": said})


def prove_crowds(report: dict[str, Any]) -> None:
    report["crowds"] = section()
    ran = subprocess.run([sys.executable, "-m", "bench.crowds"], capture_output=True, text=True, check=False, cwd=ROOT)
    for said in ran.stdout.splitlines() or ran.stderr.splitlines()[-1:]:
        add(report, "crowds", {"sound": ran.returncode == 0, "said": said})


def add(report: dict[str, Any], proof: str, row: dict[str, Any]) -> None:
    report[proof]["rows"].append(row)
    print(row["said"], {name: value for name, value in row.items() if name != "said"}, flush=True)
    write(report)


def sound(report: dict[str, Any]) -> bool:
    return all(row["sound"] for proof in report.values() for row in proof["rows"])


def write(report: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "prove.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    lines = ["# The long proofs, last run", "", "Made by `python3 dev.py prove`."]
    for proof, title in TITLES.items():
        lines += ["", f"## {title}", ""]
        if proof not in report:
            lines.append("Not run.")
            continue
        run = report[proof]
        lines += [f"{run['at']}, commit {run['commit']}, {run['machine']}.", ""]
        lines += (
            _kills(run["rows"])
            if proof in ("kills", "singles", "stops")
            else [f"- {row['said']}" for row in run["rows"]]
        )
    (RESULTS / "prove.md").write_text("\n".join(lines) + "\n", "utf-8")


def _kills(rows: list[dict[str, Any]]) -> Iterator[str]:
    yield "| # | What | Broker | Seed | Struck at | Result |"
    yield "|---|---|---|---|---|---|"
    for number, row in enumerate(rows, 1):
        struck = f"{row['struck']:.0%}" if "struck" in row else "?"
        yield f"| {number} | {row['kind']} | {row['broker']} | {row.get('seed', '-')} | {struck} | {row['said']} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--singles", type=int, default=30)
    parser.add_argument("--stops", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--no-crowds", dest="crowds", action="store_false", help="draw no million of names")
    parser.add_argument("--no-updaters", dest="updaters", action="store_false", help="ask npm for no updater")
    parser.add_argument("--no-boots", dest="boots", action="store_false", help="boot nothing")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    asked = parser.parse_args()
    kept = RESULTS / "prove.json"
    report: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    if asked.kills:
        prove_kills(report, asked.kills, asked.seed)
    if asked.singles:
        prove_singles(report, asked.singles, asked.seed + 1000)
    if asked.stops:
        prove_stops(report, asked.stops, asked.seed + 2000)
    if asked.rows:
        prove_imports(report, asked.rows)
    if asked.crowds:
        prove_crowds(report)
    updaters = [sys.executable, "-m", "bench.updaters"]
    updated = not asked.updaters or subprocess.run(updaters, cwd=ROOT, check=False).returncode == 0
    boots = [sys.executable, "-m", "bench.boots"]
    booted = not asked.boots or subprocess.run(boots, cwd=ROOT, check=False).returncode == 0
    return 0 if sound(report) and updated and booted else 1


if __name__ == "__main__":
    sys.exit(main())
