from PIL import Image

from boot_screen import lay_out, render
from boot_screen.header import Box
from boot_screen.spotlight import SHARE_SIZE, spotlight
from tests.boot_screen.scenes import MIXED, PHONE, many, placed, scene


def test_each_name_is_in_the_picture_with_its_full_light() -> None:
    layout = lay_out(scene(*MIXED, *many(300), screen=PHONE))
    page = next(render(layout)).image
    for name in (*placed(layout)[:3], *placed(layout)[-3:]):
        lit = spotlight(page, name.words.box)
        assert (lit.mode, lit.size) == ("RGB", SHARE_SIZE)
        brightest = lit.convert("L").point([0] * 190 + [255] * 66).getbbox()
        assert brightest is not None
        assert brightest[2] - brightest[0] < SHARE_SIZE[0] * 0.7, "the others are dimmed"


def test_a_name_at_an_edge_of_a_small_page_stays_on_the_picture() -> None:
    page = Image.new("RGB", (300, 200), (20, 16, 15))
    for box in (Box(0, 0, 40, 20), Box(260, 180, 40, 20), Box(0, 90, 300, 20)):
        assert spotlight(page, box).size == SHARE_SIZE
