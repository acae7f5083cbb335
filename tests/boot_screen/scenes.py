"""Scenes for these tests; all without the machine's fonts, so that they are the same everywhere."""

from boot_screen import Layout, Name, Scene, Screen, lay_out
from boot_screen.layout import PlacedName

PHONE = Screen(1080, 2400)
SMALL = Screen(480, 800)
MIXED = (
    "小雨",
    "Ada Lovelace",
    "さくら",
    "김민수",
    "محمد",
    "דוד לוי",
    "राहुल",
    "สมชาย",
    "Γιώργος",
    "Иван",
    "猫🐱",
    "Nguyễn Văn",
    "👍🏽",
    "𝓐𝓵𝓲",
    "ღ星ღ",
)


def scene(*texts: str, screen: Screen = SMALL, **more: object) -> Scene:
    names = [Name(str(number), text) for number, text in enumerate(texts, start=1)]
    return Scene(names, screen, **{"system_fonts": False, **more})  # type: ignore[arg-type]  # passed on as given


def many(count: int) -> list[str]:
    """Different names, each of two to five characters."""
    return [chr(0x4E00 + number * 7 % 20_000) + MIXED[number % 10][:3] + str(number) for number in range(count)]


def placed(layout: Layout) -> list[PlacedName]:
    return [name for page in layout.pages for name in page.names]


def shown(*texts: str, **more: object) -> list[str]:
    return [each.name.line.text for each in placed(lay_out(scene(*texts, **more)))]  # type: ignore[arg-type]  # passed on
