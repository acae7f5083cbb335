"""What drawing a boot screen costs, as ratios: `python bench/boot_screen.py [--rounds N] [--sizes 100,1200]`.

The floor is U + B: U rasterises each distinct glyph once with Pillow, F does the same with FreeType as we do, B encodes
the final indexed PNG. Naive is one `draw.text` per name on an RGB picture and Pillow's default PNG. pango-view draws
the same text when it is installed. Everything is measured interleaved, each with a cold glyph cache, and the medians
are compared, on one page with the legibility floor lifted, so that the layouts are comparable.
"""

import argparse
import io
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image, ImageDraw, ImageFont

from boot_screen.draw import render
from boot_screen.fonts import FOLDER, vendored
from boot_screen.glyphs import Glyphs
from boot_screen.layout import Layout, lay_out_from
from boot_screen.outputs import write
from boot_screen.scene import Name, Scene, Screen
from boot_screen.shaping import open_font
from boot_screen.text import Kind

SCREENS = {100: (1080, 2400), 1200: (1080, 2400), 5600: (1440, 3200), 23000: (1440, 3200)}
MOST_OF_FLOOR = {1200: 2.5, 5600: 3.0}
LEAST_OVER_NAIVE = {1200: 4.0, 5600: 7.0, 23000: 11.0}
LEAST_OVER_PANGO = {1200: 3.0, 5600: 3.0}
FAMILY = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
COMMON = "小大老阿爱飞天风云雨雪月星海山水火木花梦心无一叶秋春夏冬夜光影子儿鱼猫狗熊猪龙虎"
LATIN = ("ada", "bo", "lin", "max", "neo", "leo", "sky", "rain", "moon", "star", "fox", "wolf", "cat", "panda", "tiger",
         "miui", "geek", "dev", "droid", "rom", "root", "flash")  # fmt: skip
OTHERS = (
    "さくら",
    "ひかり",
    "ミク",
    "김민수",
    "이서연",
    "박지훈",
    "محمد",
    "ليلى",
    "דוד",
    "Иван",
    "Ольга",
    "Γιώργος",
    "राहुल",
    "สมชาย",
    "Zoë",
    "Jürgen",
    "Nguyễn Văn",
)
EMOJI = ("😀", "🎉", "🚀", "🐼", "❤️", "🌙", "⭐", "🔥", "🍀", "👍🏽", "🐱", "🌸", "🇨🇳", "👨‍👩‍👧")


def sample_names(count: int, seed: int = 2010) -> list[Name]:
    """Forum names as they are: mostly Chinese, many Latin, some of everything; 2,000 different hanzi and more."""
    dice = random.Random(seed)
    gb2312 = [bytes((high, low)).decode("gb2312") for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFA)]
    return [Name(str(number), _one(dice, gb2312)) for number in range(1, count + 1)]


def _one(dice: random.Random, hanzi: list[str]) -> str:
    kind = dice.random()
    if kind < 0.3:
        return dice.choice(FAMILY) + "".join(dice.choices(hanzi, k=dice.choice((1, 2, 2))))
    if kind < 0.55:
        return "".join(dice.choices(COMMON, k=dice.choice((1, 2)))) + "".join(
            dice.choices(hanzi, k=dice.choice((1, 2, 3)))
        )
    if kind < 0.75:
        return dice.choice(LATIN) + dice.choice(("", "_", ".")) + dice.choice((*LATIN, str(dice.randrange(10_000))))
    if kind < 0.85:
        return dice.choice(LATIN).title() + "".join(dice.choices(hanzi, k=2))
    if kind < 0.93:
        return dice.choice(OTHERS)
    if kind < 0.97:
        return dice.choice(COMMON) + dice.choice(hanzi) + dice.choice(EMOJI)
    return str(dice.randrange(10**5, 10**9))


def ours(scene: Scene, path: Path) -> Layout:
    layout = lay_out_from(scene, 4)
    for master in render(layout):
        write(master, "png", path)
    return layout


def _distinct(layout: Layout) -> list[tuple[str, str]]:
    """Font and character of every glyph of the names."""
    setter = layout.typesetter
    runs = {run for page in layout.pages for placed in page.names for run in placed.words.line.runs}
    wanted: set[tuple[str, str]] = set()
    for run in runs:
        if run.kind is Kind.PLAIN:
            wanted |= {(font.key, char) for char in run.text if (font := setter.plain_font(char))}
        elif run.kind is Kind.SHAPED:
            wanted |= {(run.font, char) for char in run.text}
    return sorted(wanted)


def with_pillow(layout: Layout, glyphs: list[tuple[str, str]]) -> None:
    """U"""
    fonts = {key: open_font(layout.typesetter.fonts[key], layout.px) for key in {key for key, _ in glyphs}}
    for key, char in glyphs:
        fonts[key].getmask(char)


def with_freetype(layout: Layout, glyphs: list[tuple[str, str]]) -> None:
    """F"""
    fonts = {key: Glyphs(layout.typesetter.fonts[key], layout.px) for key in {key for key, _ in glyphs}}
    for key, char in glyphs:
        fonts[key].mask(char, 0)


def naive(layout: Layout) -> None:
    """One draw.text per name at the same places, in one of two fonts."""
    screen = layout.scene.screen
    picture = Image.new("RGB", (screen.width, screen.height), layout.scene.palette.ground)
    font = ImageFont.truetype(str(FOLDER / "hanzi.otf"), layout.px)
    latin = ImageFont.truetype(str(FOLDER / "latin.ttf"), layout.px)
    drawing = ImageDraw.Draw(picture)
    for page in layout.pages:
        for placed in page.names:
            box, text = placed.words.box, placed.words.line.text
            drawing.text((box.x, box.y), text, fill=(240, 230, 210), font=latin if text.isascii() else font)
    picture.save(io.BytesIO(), "PNG")


def pango(layout: Layout, folder: Path) -> None:
    screen = layout.scene.screen
    lines: dict[int, list[str]] = {}
    for page in layout.pages:
        for placed in page.names:
            lines.setdefault(placed.words.box.y, []).append(placed.words.line.text)
    text = folder / "names.txt"
    text.write_text("\n".join("  ".join(row) for row in lines.values()), encoding="utf-8")
    size = f"--font=Noto Sans CJK SC {layout.px * 0.75}"
    command = [
        "pango-view",
        "-q",
        size,
        "--dpi=96",
        f"--width={screen.width}",
        "--align=center",
        "-o",
        str(folder / "p.png"),
        str(text),
    ]
    subprocess.run(command, check=True, capture_output=True)


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def measure(count: int, rounds: int) -> bool:
    """Print one size's figures; True when each bar is met."""
    scene = Scene(sample_names(count), Screen(*SCREENS[count]), title="感谢勇敢的你们", subtitle="Thank you")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.png"
        layout = ours(scene, out)
        master, glyphs = next(render(layout)), _distinct(layout)
        works: dict[str, Callable[[], object]] = {
            "ours": lambda: ours(scene, out),
            "layout": lambda: lay_out_from(scene, 4),
            "draw": lambda: list(render(layout)),
            "U": lambda: with_pillow(layout, glyphs),
            "F": lambda: with_freetype(layout, glyphs),
            "B": lambda: write(master, "png", out),
            "naive": lambda: naive(layout),
        }
        if shutil.which("pango-view"):
            works["pango"] = lambda: pango(layout, Path(folder))
        taken: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(rounds):
            for name, work in works.items():
                taken[name].append(milliseconds(work))
        size = out.stat().st_size
    median = {name: statistics.median(each) for name, each in taken.items()}
    print(f"\n{count:,} names, {scene.screen.width}x{scene.screen.height}, {layout.px} px, {size / 1024:,.0f} KB")
    print("  ms: " + "  ".join(f"{name} {value:.0f}" for name, value in median.items()))
    checks = [("ours / (U + B)", median["ours"] / (median["U"] + median["B"]), "<=", MOST_OF_FLOOR.get(count))]
    checks.append(("ours / (F + B)", median["ours"] / (median["F"] + median["B"]), "<=", None))
    checks.append(("naive / ours", median["naive"] / median["ours"], ">=", LEAST_OVER_NAIVE.get(count)))
    if "pango" in median:
        checks.append(("pango-view / ours", median["pango"] / median["ours"], ">=", LEAST_OVER_PANGO.get(count)))
    met = [_say(*check) for check in checks]
    return all(met)


def _say(what: str, ratio: float, sense: str, bar: float | None) -> bool:
    met = bar is None or (ratio <= bar if sense == "<=" else ratio >= bar)
    print(f"  {what:18} {ratio:6.2f}" + (f"   bar {sense} {bar}: {'met' if met else 'MISSED'}" if bar else ""))
    return met


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", default="100,1200,5600,23000")
    asked = parser.parse_args()
    print(
        f"fonts: {sum(font.path.stat().st_size for font in vendored()) / 1e6:.1f} MB; "
        f"medians of {asked.rounds} interleaved rounds"
    )
    results = [measure(int(size), asked.rounds) for size in asked.sizes.split(",")]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
