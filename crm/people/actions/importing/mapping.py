"""Which column says what: guesses from English and Chinese names, and what a person says instead."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from flask_babel import gettext

from crm.core.errors import NotUnderstood
from crm.people.identities import tidy_kind
from crm.people.rules import IDENTITY_KINDS, is_field

WORDS = {
    "name": "name,full name,display name,real name,contact,姓名,名字,名称,昵称,称呼,网名,真实姓名",
    "email": "mail,email,e-mail,e mail,mail address,email address,邮箱,电子邮箱,电子邮件,邮件,邮箱地址,电邮",
    "qq": "qq,qq号,qq number,qq no,qq号码,qq帐号,qq账号",
    "wechat": "wechat,we chat,weixin,wechat id,微信,微信号,微信id",
    "weibo": "weibo,sina weibo,微博,新浪微博,微博昵称,微博账号",
    "phone": "phone,mobile,telephone,tel,cell,phone number,mobile number,手机,电话,手机号,手机号码,电话号码"
    ",联系电话,移动电话",
    "matrix": "matrix,matrix id",
    "telegram": "telegram,tg,telegram id,电报",
    "github": "github,git hub,github login,github user,github username,github账号",
    "forum": "forum name,forum id,forum user,forum,username,user name,user,login,id,uid"
    ",账号,帐号,用户名,论坛id,论坛账号,论坛昵称,论坛用户名,会员名,楼主",
    "identity": "identity,身份",
    "found_at": "first seen,found at,found,seen,date,time,created,created at,since,joined,时间,日期,首次出现,发现时间"
    ",注册时间,首次发现",
    "board": "board,section,subforum,版块,板块,论坛版块,所在版块",
    "role": "role,rank,level,title,角色,身份等级,等级,头衔,职务",
    "language": "language,lang,locale,语言",
    "tags": "tags,tag,labels,label,标签",
    "notes": "note,notes,comment,comments,remark,remarks,description,备注,说明,评论,附言",
}
GUESSES = {word: field for field, words in WORDS.items() for word in words.split(",")}
SPACES = re.compile(r"[\s_\-.:]+")


def guess(columns: Sequence[str]) -> list[str]:
    """A field for each column, "" where nothing is guessed. Each field is guessed once."""
    fields: list[str] = []
    for column in columns:
        field = _guess_one(column)
        fields.append("" if field in fields else field)
    return fields


def _guess_one(column: str) -> str:
    word = SPACES.sub(" ", column.strip().casefold()).strip()
    if word in GUESSES:
        return GUESSES[word]
    if column.strip().casefold().startswith("forum:") and is_field(tidy_kind(column)):
        return tidy_kind(column)
    return GUESSES.get(word.replace(" ", ""), "")


def decide(columns: Sequence[str], wanted: Mapping[str, str] | None, site: str) -> list[str]:
    """The field of each column: `wanted` (by the column's name, or its number from 1) before the guesses.

    `forum` becomes `forum:<site>`. Raises NotUnderstood for a column or field that does not exist, and when no column
    tells how a person can be known again.
    """
    fields = guess(columns)
    names = {column.casefold(): number for number, column in reversed(list(enumerate(columns)))}
    given: dict[int, str] = {}
    for column, wish in (wanted or {}).items():
        number = names.get(column.strip().casefold())
        if number is None and column.isdecimal() and 1 <= int(column) <= len(columns):
            number = int(column) - 1
        if number is None:
            raise NotUnderstood(
                gettext("There is no column “%(column)s”: the file has %(all)s.", column=column, all=", ".join(columns))
            )
        field = tidy_kind(wish)
        if field and not is_field(field):
            raise NotUnderstood(gettext("“%(field)s” is nothing that a column can hold.", field=field))
        given[number] = field
    fields = [given.get(n, "" if f in given.values() else f) for n, f in enumerate(fields)]
    fields = [tidy_kind(f"forum:{site}") if field == "forum" else field for field in fields]
    refuse_without_identity(fields)
    return fields


def refuse_without_identity(fields: Sequence[str]) -> None:
    if not any(field == "identity" or ":" in field or field in IDENTITY_KINDS for field in fields):
        raise NotUnderstood(
            gettext(
                "No column holds an identity: name the one with mail addresses, QQ numbers, forum names or the like."
            )
        )
