import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from PIL import Image, ImageChops

from boot_screen import LANTERN, Layout, Master, Screen, lay_out, manifest, render, write
from boot_screen.contrast import contrast
from boot_screen.draw import STEPS
from boot_screen.manifest import manifest_json
from tests.boot_screen.scenes import MIXED, PHONE, many, placed, scene
from tests.boot_screen.test_layout import ANY_NAME


def drawn(layout: Layout) -> Master:
    return next(render(layout))


def test_every_name_leaves_ink_in_its_box_and_nothing_outside_the_boxes() -> None:
    layout = lay_out(scene(*MIXED, *many(60)))
    ink = (
        ImageChops.difference(drawn(layout).image.convert("RGB"), Image.new("RGB", (480, 800), LANTERN.ground))
        .convert("L")
        .point([0] * 24 + [255] * 232)
    )
    for name in placed(layout):
        box = name.words.box
        around = (box.x - 2, box.y - 1, box.x + box.width + 2, box.y + box.height + 1)
        assert ink.crop(around).getbbox(), name.name.original
        ink.paste(0, around)
    assert ink.getbbox() is None


def test_a_picture_is_indexed_with_eight_bits_and_at_most_220_colours(tmp_path: Path) -> None:
    for number, names in enumerate((["a"], [*MIXED, *"😀🎉🚀🐼🌙⭐🔥🍀🐱🌸"])):
        path = tmp_path / f"{number}.png"
        write(drawn(lay_out(scene(*names))), "png", path)
        header = path.read_bytes()[:33]
        assert header[24:26] == bytes((8, 3))  # bits, indexed
        assert header[28] == 0  # not interlaced
        with Image.open(path) as picture:
            assert len(picture.getpalette() or []) // 3 <= 220


def test_emoji_are_coloured() -> None:
    image = drawn(lay_out(scene("🍀"))).image
    assert max(image.tobytes()) >= STEPS * 4
    rgb = image.convert("RGB").tobytes()
    colours = zip(rgb[::3], rgb[1::3], rgb[2::3], strict=True)
    assert any(green > red + 40 and green > blue + 40 for red, green, blue in colours)


def test_all_inks_can_be_read_on_the_ground() -> None:
    for ink in (LANTERN.names, LANTERN.names_too, LANTERN.title, LANTERN.subtitle):
        assert contrast(ink, LANTERN.ground) >= 4.5


def test_the_same_names_give_the_same_pixels_whatever_the_hash_seed() -> None:
    program = (
        "from boot_screen import *; from tests.boot_screen.scenes import *;"
        "print(next(render(lay_out(scene(*MIXED, *many(50), title='谢谢')))).sha256())"
    )
    sums = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(sums) == 1


def test_the_manifest_says_where_each_name_stands_and_what_was_changed() -> None:
    layout = lay_out(scene("小雨", "a\nb", "😀"))
    masters = list(render(layout))
    record = manifest(layout, {master.page: master.proof() for master in masters})
    assert record["screen"] == [480, 800]
    assert record["pages"] == [
        {"page": 1, "pixels_sha256": masters[0].sha256(), "bands_crc32": masters[0].proof().bands}
    ]
    assert json.loads(b"".join(manifest_json(layout, {1: masters[0].proof()}))) == json.loads(json.dumps(record))
    assert [name[:4] for name in record["names"]] == [
        ["1", "小雨", None, 1],
        ["2", "a b", "a\nb", 1],
        ["3", "😀", None, 1],
    ]
    assert record["changes"] == {"2": ["spaces"]}
    assert all(len(digest) == 64 for digest in record["fonts"].values())


def test_the_record_and_the_picture_agree() -> None:
    layout = lay_out(scene("小雨", "Ada"))
    image = drawn(layout).image
    file = io.BytesIO()
    image.save(file, "PNG", bits=8)
    with Image.open(file) as again:
        assert Master(again, 1).sha256() == Master(image, 1).sha256()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ANY_NAME, ANY_NAME)
def test_any_names_at_all_are_drawn(one: str, other: str) -> None:
    layout = lay_out(scene(one, other, screen=Screen(320, 240)))
    assert sum(1 for _ in render(layout)) == len(layout.pages)


@pytest.mark.parametrize("text", ["ส" + "้" * 3, "ẴŨ̈", "قُرْآنٌ", "क्ष्म्य", "שָׁלוֹם"])
def test_tall_letters_stay_in_their_row(text: str) -> None:
    layout = lay_out(scene(text, screen=PHONE))
    box = placed(layout)[0].words.box
    image = drawn(layout).image
    ink = image.point([0] + [255] * 255, "L").getbbox()
    assert ink is not None
    assert box.y <= ink[1]
    assert ink[3] <= box.y + box.height


def test_an_unknown_format_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is png"):
        write(drawn(lay_out(scene("a"))), "gif", tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []
