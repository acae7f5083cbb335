"""Invented names such as forums are full of: Chinese, Latin, digits, Japanese, Korean, Arabic, emoji, long, odd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random


def _list(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰飞鹏浩宇轩子涵梓晨雨欣怡佳琪思远志文博雅婷晓峰建国庆"
    "海波云龙凤春梅红玲燕辉斌鑫帅旭东晗睿哲彤瑶璐琳萌悦诗语嘉豪俊熙昊天成林森锐航启航一诺安然若曦子墨书瑶"
)
WORDS = _list(
    "小米粥 橙色星期五 刷机狂魔 夜行者 风一样的少年 老王爱折腾 月光宝盒 面包超人 深海鱼 北方的狼 追风筝的人 不吃香菜 "
    "打酱油 路过蜻蜓 山有木兮 半杯咖啡 代码诗人 数码控 果冻布丁 冰糖雪梨 大圣归来 云淡风轻 南山南 蓝色多瑙河 "
    "一只猫 吃瓜群众 程序猿 攻城狮 柠檬不酸 阿狸 糖醋排骨 三月的雪 木头人 雪域孤狼 青花瓷 江南烟雨 七里香 "
    "麻辣小龙虾 无名小卒 天蝎座 骑猪看日出 海阔天空 星辰大海 摩托车手 铁锅炖 夏天的风 萌新一枚 元宵 汤圆"
)
LATIN = _list(
    "falcon pixel orbit raven ember quark maple cedar comet delta zephyr onyx lynx birch saffron cobalt juniper "
    "mistral heron basalt tundra willow harbor lantern velvet copper meadow granite thistle otter sparrow tango"
)
FIRST = [
    "Anna",
    "Björn",
    "Chloé",
    "Dmitri",
    "Elif",
    "Fatima",
    "Giulia",
    "Hugo",
    "Inês",
    "Jürgen",
    "Kemal",
    "Łucja",
    "Mateo",
    "Núria",
    "Olga",
    "Paweł",
    "Rosa",
    "Søren",
]
KANA = _list(
    "さくら ゆうき ひなた はると あおい みなみ そら かえで こたろう すみれ タクミ ハルカ リク ナナミ カイト ミサキ"
)
KANJI = _list("田中 鈴木 高橋 渡辺 伊藤 山本 中村 小林 加藤 吉田")
HANGUL = _list("민준 서연 지후 하은 도윤 지우 예준 수아 시우 채원 건우 다은 현우 유진")
ARABIC = _list("أحمد ليلى يوسف مريم خالد سارة عمر نور حسن هدى طارق ريم")
EMOJI = _list("🐱 🚀 🌸 🍊 🔥 ⭐ 🎮 🐼 🌙 ☕ 🍀 🦊 🎧 📱 🐳 👨‍💻")
ODD = ["_{}_", "-={}=-", "★{}★", "  {}  ", "{}~", "【{}】", "{}…", "°{}°", "xX{}Xx", "{}!?", "'{}'", '"{}"']


def _chinese(rng: Random) -> str:
    return rng.choice(SURNAMES) + "".join(rng.choices(GIVEN, k=rng.choice((1, 2, 2))))


def _word(rng: Random) -> str:
    return rng.choice(WORDS) + (str(rng.randrange(1, 3000)) if rng.random() < 0.6 else rng.choice(GIVEN))


def _latin(rng: Random) -> str:
    ending = rng.choice(("", str(rng.randrange(100))))
    return f"{rng.choice(LATIN)}{rng.choice(('', '_', '.', '-'))}{rng.choice(LATIN)}{ending}"


def _digits(rng: Random) -> str:
    return str(rng.randrange(10**5, 10**10))


def _mixed(rng: Random) -> str:
    return f"{rng.choice(LATIN).title()}{rng.choice(WORDS)}{rng.randrange(100)}"


def _european(rng: Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LATIN).title()}"


def _japanese(rng: Random) -> str:
    return f"{rng.choice(KANJI)}{rng.choice(KANA)}"


def _korean(rng: Random) -> str:
    return f"{rng.choice('김이박최정강조윤장임')}{rng.choice(HANGUL)}"


def _arabic(rng: Random) -> str:
    return f"{rng.choice(ARABIC)} {rng.choice(ARABIC)}"


def _emoji(rng: Random) -> str:
    return f"{rng.choice(WORDS)}{rng.choice(EMOJI)}"


def _long(rng: Random) -> str:
    return "".join(rng.choice(WORDS) for _ in range(rng.randrange(5, 9)))


def _odd(rng: Random) -> str:
    return rng.choice(ODD).format(rng.choice((_latin, _word))(rng)).strip()


KINDS: list[tuple[Callable[[Random], str], int]] = [
    (_chinese, 30),
    (_word, 24),
    (_latin, 15),
    (_mixed, 9),
    (_digits, 5),
    (_european, 4),
    (_japanese, 3),
    (_korean, 2),
    (_arabic, 1),
    (_emoji, 4),
    (_long, 1),
    (_odd, 2),
]


def names(rng: Random) -> Iterator[str]:
    """Endless; a name may come twice, as people's names do."""
    makers, weights = [maker for maker, _ in KINDS], [weight for _, weight in KINDS]
    while True:
        for maker in rng.choices(makers, weights, k=1000):
            yield maker(rng)


def gbk_only(name: str) -> bool:
    """Whether a file in GBK can hold it."""
    try:
        name.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
