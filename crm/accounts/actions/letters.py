"""The letters of this room, each written because its reader (or an admin for them) has just asked for it."""

from __future__ import annotations

from datetime import datetime

from crm.accounts.actions.links import make_link
from crm.accounts.rules import LINK_LIVES, LINK_PAGES, LinkKind
from crm.core import programme
from crm.core.tokens import new_secret, whole_address
from crm.outbox.actions import put_wording, write_letter
from crm.outbox.rules import Lane

Texts = dict[str, tuple[str, str]]

SIGN_IN: Texts = {
    "en": (
        "Sign in to {{ programme }}",
        "Hello {{ name }},\n\nopen this page and press the button to sign in:\n\n{{ link }}\n\n"
        "It works once, for 15 minutes. If you did not ask for it, do nothing.\n",
    ),
    "zh": (
        "登录 {{ programme }}",
        "{{ name }}，你好：\n\n请打开下面的页面，按一下按钮就能登录：\n\n{{ link }}\n\n"
        "链接 15 分钟内有效，只能用一次。如果不是你本人要登录，不用理会这封信。\n",
    ),
}
INVITATION: Texts = {
    "en": (
        "Your account at {{ programme }}",
        "Hello {{ name }},\n\n{{ programme }} has made an account for you. Choose your password here:\n\n{{ link }}\n\n"
        "The page works once, for 7 days. After that an admin can send a new one.\n",
    ),
    "zh": (
        "你在 {{ programme }} 的账号",
        "{{ name }}，你好：\n\n{{ programme }} 已经为你开好了账号，请在这里设置密码：\n\n{{ link }}\n\n"
        "链接 7 天内有效，只能用一次。过期后可以请管理员重发。\n",
    ),
}
RESET: Texts = {
    "en": (
        "A new password for {{ programme }}",
        "Hello {{ name }},\n\nchoose a new password here:\n\n{{ link }}\n\n"
        "The page works once, for one hour. If you did not ask for it, do nothing: your password stays as it is.\n",
    ),
    "zh": (
        "重设 {{ programme }} 的密码",
        "{{ name }}，你好：\n\n请在这里设置新密码：\n\n{{ link }}\n\n"
        "链接一小时内有效，只能用一次。如果不是你本人操作，不用理会，原密码不变。\n",
    ),
}
JOIN: Texts = {
    "en": (
        "Join {{ programme }}",
        "Hello {{ name }},\n\nread the tester agreement here, and accept it if you want to test with us:\n\n{{ link }}\n\n"
        "The page works once, for 7 days. If you do not want to, do nothing.\n",
    ),
    "zh": (
        "加入 {{ programme }} 内测",
        "{{ name }}，你好：\n\n请在这里阅读内测协议，愿意参加就点“同意”：\n\n{{ link }}\n\n"
        "链接 7 天内有效，只能用一次。不想参加的话，不用理会这封信。\n",
    ),
}
USE_PASSWORD: Texts = {
    "en": (
        "Signing in to {{ programme }}",
        "Hello {{ name }},\n\nsomebody, most likely you, asked for a link to sign in. As a member of the team you sign in "
        "with your password:\n\n{{ link }}\n\nIf you have forgotten it, you can ask for a new one on that page.\n",
    ),
    "zh": (
        "登录 {{ programme }}",
        "{{ name }}，你好：\n\n有人（多半是你自己）请求了登录链接。团队成员请用密码登录：\n\n{{ link }}\n\n"
        "忘了密码的话，在那个页面上可以重设。\n",
    ),
}
BY_LINK: dict[LinkKind, tuple[str, Texts]] = {
    LinkKind.SIGN_IN: ("accounts.sign_in", SIGN_IN),
    LinkKind.INVITATION: ("accounts.invitation", INVITATION),
    LinkKind.RESET_PASSWORD: ("accounts.reset_password", RESET),
    LinkKind.JOIN: ("accounts.join", JOIN),
}


def _write(person_id: int, key: str, texts: Texts, name: str, link: str, at: datetime, until: datetime) -> int | None:
    for language, (subject, body) in texts.items():
        put_wording(key, language, subject, body, at)
    values = {"name": name, "programme": programme.required().name, "link": link}
    # Each is an occasion of its own: asked again, written again.
    occasion = f"{key}:{new_secret()[:16]}"
    return write_letter(person_id, occasion, key, values, lane=Lane.ASKED, at=at, expires_at=until)


def send_link(kind: LinkKind, person_id: int, name: str, *, at: datetime, page: str | None = None) -> int | None:
    """Makes a link that works once and writes the letter with it; `page` is where it leads, the kind's own if not given.

    Returns the letter's number, or None when the person has no mail address.
    """
    key, texts = BY_LINK[kind]
    link = whole_address((page or LINK_PAGES[kind]) + make_link(kind, person_id, at=at))
    return _write(person_id, key, texts, name, link, at, at + LINK_LIVES[kind])


def remind_of_password(person_id: int, name: str, *, at: datetime) -> int | None:
    """To staff who asked for a tester's link."""
    until = at + LINK_LIVES[LinkKind.SIGN_IN]
    return _write(person_id, "accounts.use_password", USE_PASSWORD, name, whole_address("/sign-in"), at, until)
