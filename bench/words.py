"""What it costs to make a letter's bytes: `python -m bench.words [--letters N]`.

Letters of one campaign, in English and in Chinese, are made as they leave: wording filled, both parts, headers; then
with a signature of Ed25519, of RSA with 2048 bits, and with both. No database is asked; the best of five rounds counts.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from flask_migrate import upgrade

from crm.accounts.actions import create_programme
from crm.app import create_app
from crm.core import clock
from crm.core.db import session, start_writing
from crm.core.dkim import Algorithm, Signer, new_key, parsed
from crm.core.mail import as_bytes
from crm.core.programme import required
from crm.outbox.models import Letter, Wording
from crm.outbox.queries.rendering import message_of
from crm.outbox.rules import Channel, Lane
from crm.settings import read

BAR_MICROSECONDS = 60
ROUNDS = 5
ENGLISH = """Dear {{ name | default: "friend" }},

we are a small team building **a phone system**, and we have read your posts. Would you try it before everybody else?

- a new build every Friday
- a direct line to its makers

[Join us]({{ link }})

If you would rather talk first, just answer this letter.

The {{ programme }} team"""
CHINESE = """{{ name }}，你好：

我们是一个做手机系统的小团队，在论坛里读过你写的帖子，想请你在所有人之前来试一试。

- 每周五一个新版本
- 和写代码的人直接说话

[加入我们]({{ link }})

想先聊聊，直接回信就好。

{{ programme }} 团队"""
TEXTS = {
    "en": ("{{ name }}, would you try Orange OS?", ENGLISH),
    "zh": ("{{ name }}，想请你来试一试 Orange OS", CHINESE),
}


def letters_of(wording: Wording, count: int) -> list[Letter]:
    return [
        Letter(
            id=number,
            person_id=number,
            channel=Channel.MAIL,
            lane=Lane.CAMPAIGN,
            wording_id=wording.id,
            origin_id=1,
            values={
                "name": f"Ada {number}",
                "link": f"https://seed.example.org/i/WzEyLDM0NTZd.{number}x8Zq3nBv0KJd2cVgk",
            },
            identity_value=f"p{number}@people.example",
        )
        for number in range(count)
    ]


def microseconds(work: Callable[[], None], count: int) -> float:
    best = float("inf")
    for _round in range(ROUNDS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best / count * 1e6


def measure(language: str, count: int) -> float:
    subject, body = TEXTS[language]
    wording = Wording(id=1, key="bench", language=language, subject=subject, body=body, created_at=clock.now())
    letters, at = letters_of(wording, count), clock.now()
    keys = {algorithm: Signer("orange.example", algorithm, parsed(new_key(algorithm))) for algorithm in Algorithm}

    def made(*signers: Signer) -> Callable[[], None]:
        def work() -> None:
            for one in letters:
                as_bytes(message_of(one, wording, None, at, signers))

        return work

    bare = microseconds(made(), count)
    size = len(as_bytes(message_of(letters[0], wording, None, at)))
    print(f"{language}: {size:,} bytes; {bare:.0f} us a letter without DKIM (bar {BAR_MICROSECONDS})")
    few, letters[:] = letters[:2000], letters[:2000]
    for name, signers in {"ed25519": ["ed25519"], "rsa 2048": ["rsa"], "both": ["rsa", "ed25519"]}.items():
        cost = microseconds(made(*(keys[Algorithm(one)] for one in signers)), len(few))
        print(f"  {name:9} {cost:6.0f} us a letter, {cost - bare:.0f} of it the signature")
    return bare


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--letters", type=int, default=10_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(read({"DATA_DIR": folder, "BROKER_URL": "memory://"}))
        with app.app_context():
            upgrade()
            start_writing()
            create_programme("Orange", "Asia/Shanghai", ["zh", "en"], "Lin", "lin@orange.example", at=clock.now())
            known = required()
            known.mail_from, known.postal_address = "seed@orange.example", "1 Seed Street, Beijing"
            session().flush()
            slowest = max(measure(language, chosen.letters) for language in TEXTS)
    return int(slowest > BAR_MICROSECONDS)


if __name__ == "__main__":
    raise SystemExit(main())
