#!/usr/bin/env python3
"""Seedbed's commands, for a machine that has nothing but python3 and pip.

    python3 dev.py demo     the whole story, running on http://127.0.0.1:8000
    python3 dev.py test     everything that can be tested, tested

Standard library only. `python3 dev.py` lists the rest; `make NAME` calls the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
TOOLS = ROOT / ".tools"
INSTALLED = VENV / "installed.json"
RUN_LOCK = "requirements.txt"
DEV_LOCK = "requirements-dev.txt"
TOOLS_LOCK = "requirements-tools.txt"
FIRST_PYTHON = (3, 11)
CODE = ("crm", "campaigns", "boot_screen", "bench", "docs/pictures", "tests", "migrations", "dev.py")
PAGES = ("crm", "campaigns")


class Stop(Exception):
    """Ends the command with one line which says what to do."""


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def call(*command: str | Path, env: Mapping[str, str] | None = None, quiet: bool = False) -> int:
    """Runs a command in the repository's root; its exit code. Ctrl-C reaches it and its end is waited for."""
    out = subprocess.DEVNULL if quiet else None
    with subprocess.Popen([str(part) for part in command], cwd=ROOT, env=env, stdout=out, stderr=out) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:
                continue  # the child got the same Ctrl-C; it decides when it has ended


def become(*command: str | Path) -> None:
    """Replaces this process, so that signals go straight to what it started."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(str(command[0]), [str(part) for part in command])


# ---------------------------------------------------------------- installing


def digest(lock: str) -> str:
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def installed() -> dict[str, str]:
    """Which locks the virtual environment was filled from: file name to hash."""
    try:
        known = json.loads(INSTALLED.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in known.items()}


def works(python: Path) -> bool:
    return (
        python.exists() and call(python, "-c", "import sys; sys.exit(sys.prefix == sys.base_prefix)", quiet=True) == 0
    )


def has_module(name: str) -> bool:
    return call(sys.executable, "-c", f"import {name}", quiet=True) == 0


def uv_environment() -> dict[str, str]:
    """uv does not read pip's settings: without pip's mirror a slow line would become a dead one."""
    env = dict(os.environ)
    if not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & env.keys():
        asked = subprocess.run(
            [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        mirror = env.get("PIP_INDEX_URL") or asked.stdout.strip()
        if mirror:
            env["UV_DEFAULT_INDEX"] = mirror
    return env


def uv() -> Path | None:
    """The pinned uv in .tools, put there by pip when it is missing. None when that fails."""
    home = TOOLS / digest(TOOLS_LOCK)[:12]
    program = home / "bin" / "uv"
    if program.exists() and call(program, "--version", quiet=True) == 0:
        return program
    if not has_module("pip"):
        return None
    say("Installing uv into .tools ...")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--disable-pip-version-check")
    # As root, pip warns about what --target does not do.
    code = call(*pip, "--root-user-action=ignore", "--target", home, "--require-hashes", "-r", TOOLS_LOCK)
    return program if code == 0 and program.exists() else None


def install_with_uv(lock: str) -> bool:
    program = uv()
    if program is None:
        return False
    env = uv_environment()
    if not works(PYTHON) and call(program, "venv", "--quiet", "--clear", "--python", sys.executable, VENV, env=env):
        return False
    say(f"Installing {lock} ...")
    options = ("--quiet", "--require-hashes", "--system-certs", "--compile-bytecode")
    return call(program, "pip", "install", "--python", PYTHON, *options, "-r", lock, env=env) == 0


def install_with_pip(lock: str) -> bool:
    """Without uv. This Python's own pip fills the environment: Debian's python3 has no ensurepip."""
    own_pip = has_module("pip")
    if not works(PYTHON):
        shutil.rmtree(VENV, ignore_errors=True)
        if call(sys.executable, "-m", "venv", *(("--without-pip",) if own_pip else ()), VENV) != 0:
            return False
    pip = (sys.executable, "-m", "pip", "--python", PYTHON) if own_pip else (PYTHON, "-m", "pip")
    say(f"Installing {lock} with pip ...")
    options = ("--quiet", "--disable-pip-version-check", "--require-hashes")
    return call(*pip, "install", *options, "-r", lock) == 0


def install(lock: str) -> None:
    done = installed()
    if done.get(lock) == digest(lock) and works(PYTHON):
        return
    if not install_with_uv(lock):
        say("uv could not do it; trying venv and pip.")
        if not install_with_pip(lock):
            raise Stop(
                "The packages could not be installed (the reason stands above). Without pip: install Debian's"
                " python3-pip or its like. Without a way to https://pypi.org: set PIP_INDEX_URL to a mirror."
            )
    done = installed() if INSTALLED.exists() else {}
    done[lock] = digest(lock)
    if lock == DEV_LOCK:
        done[RUN_LOCK] = digest(RUN_LOCK)
    INSTALLED.write_text(json.dumps(done, indent=1), "utf-8")


def prepare(lock: str = RUN_LOCK) -> None:
    """The virtual environment as the lock says, the translations compiled. Instant when nothing changed."""
    install(lock)
    if call(PYTHON, "-m", "crm.core.catalogs", "compile") != 0:
        raise Stop("The translations do not compile; the line above names the catalog.")


# ---------------------------------------------------------------- commands


def setup(options: argparse.Namespace) -> int:
    prepare(DEV_LOCK if options.dev else RUN_LOCK)
    return 0


def serve(options: argparse.Namespace) -> int:
    prepare()
    for name in ("port", "host"):
        value = getattr(options, name, None)
        if value is not None:
            os.environ[name.upper()] = str(value)
    scale = ("--scale", str(options.scale)) if options.command == "demo" else ()
    become(PYTHON, "-m", "crm.serve", options.command, *scale)
    return 0


def flask(*words: str) -> int:
    prepare()
    become(PYTHON, "-m", "flask", "--app", "crm.app", *words)
    return 0


def tests(options: argparse.Namespace) -> int:
    prepare(DEV_LOCK)
    become(PYTHON, "-m", "tests.services", *options.rest)
    return 0


def module(name: str) -> Callable[[argparse.Namespace], int]:
    """A command which is a Python module of the repository, with development's packages at hand."""

    def command(options: argparse.Namespace) -> int:
        prepare(DEV_LOCK)
        become(PYTHON, "-m", name, *options.rest)
        return 0

    return command


def bench(options: argparse.Namespace) -> int:
    prepare(DEV_LOCK)
    every = sorted(
        path.stem
        for path in (ROOT / "bench").glob("[a-z]*.py")
        if path.stem not in {"prove", "boots", "crowds", "updaters"}
    )
    failed = [name for name in options.rest or every if call(PYTHON, "-m", f"bench.{name}") != 0]
    if failed:
        raise Stop(f"Not finished: {', '.join(failed)}")
    return 0


def linters() -> dict[str, list[str]]:
    """Name to command. The tests about the house run the same ones."""
    code = [path for path in CODE if (ROOT / path).exists()]
    pages = [path for path in PAGES if (ROOT / path).exists()]
    tool = VENV / "bin"
    return {
        "ruff": [f"{tool}/ruff", "check", *code],
        "format": [f"{tool}/ruff", "format", "--check", *code],
        "mypy": [f"{tool}/mypy", *code],
        "imports": [f"{tool}/lint-imports", "--no-logo"],
        "templates": [f"{tool}/djlint", *pages, "--lint", "--quiet"],
    }


def lint(_options: argparse.Namespace) -> int:
    prepare(DEV_LOCK)
    failed = []
    for name, command in linters().items():
        say(f"-- {name}")
        if call(*command) != 0:
            failed.append(name)
    if failed:
        raise Stop(f"Not clean: {', '.join(failed)}. `python3 dev.py fmt` mends what it can.")
    return 0


def fmt(_options: argparse.Namespace) -> int:
    prepare(DEV_LOCK)
    code = [path for path in CODE if (ROOT / path).exists()]
    return call(VENV / "bin" / "ruff", "check", "--fix-only", "--quiet", *code) or call(
        VENV / "bin" / "ruff", "format", *code
    )


def lock(options: argparse.Namespace) -> int:
    """Compiles the .in files to locks with hashes, for every platform and from FIRST_PYTHON on."""
    program = uv() if (ROOT / TOOLS_LOCK).exists() else shutil.which("uv")
    if program is None:
        raise Stop("Locking needs uv: pip install uv")
    env = {**uv_environment(), "UV_CUSTOM_COMPILE_COMMAND": "python3 dev.py lock"}
    oldest = ".".join(map(str, FIRST_PYTHON))
    common = ("--universal", "--generate-hashes", "--python-version", oldest, "--system-certs", "--quiet")
    upgrade = ("--upgrade",) if options.upgrade else ()
    for source, target, more in (
        ("requirements-tools.in", TOOLS_LOCK, ()),
        ("requirements.in", RUN_LOCK, ()),
        ("requirements-dev.in", DEV_LOCK, ("--constraint", RUN_LOCK)),
    ):
        if call(program, "pip", "compile", *common, *upgrade, *more, source, "-o", target, env=env) != 0:
            return 1
    return 0


def vendor(_options: argparse.Namespace) -> int:
    """The only command that needs node: fetches the few files of others which are committed."""
    if shutil.which("npm") is None:
        raise Stop("npm is missing: install Debian's npm or its like. Only `vendor` needs it.")
    return call(sys.executable, "crm/static/vendor/fetch.py")


# ---------------------------------------------------------------- the command line


def command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description="Seedbed's commands.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def add(name: str, summary: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=summary, description=summary)
        command.set_defaults(run=run, rest=[])
        return command

    for name, summary in (
        ("demo", "replay the story and serve it"),
        ("run", "serve your own programme; the first visit sets it up"),
    ):
        command = add(name, summary, serve)
        command.add_argument("--port", type=int, help="8000, or PORT")
        command.add_argument("--host", help="127.0.0.1, or HOST")
        if name == "demo":
            command.add_argument("--scale", type=float, default=1.0, help="1 is the real size, 0.01 a small story")
    add("worker", "run background jobs in a process of their own", serve)
    add("test", "run every test; arguments go to pytest", tests)
    add("lint", "check style, types, import floors and templates", lint)
    add("fmt", "format the code", fmt)
    add("bench", "run the benchmarks, or those that are named", bench)
    add("prove", "run the long proofs: random kills, a million rows", module("bench.prove"))
    add("migrate", "bring the database to the newest migration", lambda _: flask("db", "upgrade"))
    for name, summary in (("backup", "write all data to FILE"), ("restore", "put FILE's data back")):
        command = add(name, summary, lambda options: flask("data", options.command, options.file))
        command.add_argument("file", metavar="FILE", type=lambda given: str(Path(given).resolve()))
    add("messages", "bring the translation catalogs up to the source", module("crm.core.catalogs"))
    add("setup", "install what is needed, and no more", setup).add_argument(
        "--dev", action="store_true", help="what tests and linters need, too"
    )
    add("lock", "compile requirements*.in to locks with hashes", lock).add_argument("--upgrade", action="store_true")
    add("vendor", "fetch the committed files of others anew (needs npm)", vendor)
    add("fonts", "cut the boot screen's fonts anew", module("boot_screen.fonts.make_fonts"))
    add("pictures", "draw the documentation's pictures anew", module("docs.pictures.draw"))
    return parser


def main(words: list[str]) -> int:
    if sys.version_info < FIRST_PYTHON:
        raise Stop(f"Seedbed needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if os.name == "nt":
        raise Stop("Seedbed runs on Linux and macOS; on Windows please use WSL.")
    parser = command_line()
    options, rest = parser.parse_known_args(words)
    if options.command is None:
        parser.print_help()
        return 0
    if rest:
        if options.command not in {"test", "bench", "prove", "messages", "fonts", "pictures"}:
            parser.error(f"{options.command} does not know {' '.join(rest)}")
        options.rest = rest
    return int(options.run(options))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as reason:
        say(str(reason))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
