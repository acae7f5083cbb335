import io
import json
from pathlib import Path

import pytest
from PIL import Image

from boot_screen.__main__ import main
from tests.boot_screen.scenes import many


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.csv"
    path.write_text("\ufeffid,name\n7,小雨\n8,Ada\n", encoding="utf-8")
    return path


def test_one_page_is_written_under_the_name_asked_for(names: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, record = names.with_name("wall.png"), names.with_name("wall.json")
    asked = [str(names), str(out), "--size", "480x800", "--title", "感谢", "--manifest", str(record)]
    assert main(asked) == 0
    with Image.open(out) as picture:
        assert (picture.mode, picture.size) == ("P", (480, 800))
    assert [name[:2] for name in json.loads(record.read_text())["names"]] == [["7", "小雨"], ["8", "Ada"]]
    assert "2 names" in capsys.readouterr().out


def test_several_pages_are_numbered_and_the_command_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "names.csv"
    names.write_text("name\n" + "\n".join(many(900)), encoding="utf-8")
    assert main([str(names), str(tmp_path / "wall.png"), "--size", "480x800"]) == 0
    pages = sorted(path.name for path in tmp_path.glob("*.png"))
    assert pages[:2] == ["wall-01.png", "wall-02.png"]
    assert "wall.png" not in pages
    assert f"on {len(pages)} pages" in capsys.readouterr().out


def test_names_come_from_standard_input_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("name\n小雨\n".encode())))
    assert main(["-", str(tmp_path / "a.png"), "--size", "480x800"]) == 0


def test_every_change_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "names.csv"
    names.write_text('id,name\n3,"a\u202eb"\n4,A\ua9c1B\n', encoding="utf-8")
    assert main([str(names), str(tmp_path / "a.png"), "--size", "480x800", "--no-system-fonts"]) == 0
    told = capsys.readouterr().err
    assert "3: a\\u202eb is shown as ab: control or invisible" in told
    assert "4: A\ua9c1B is shown as A〓B" in told
    assert "Javanese: 1 different characters covered by no font" in told


@pytest.mark.parametrize(
    ("content", "more", "code", "says"),
    [
        (None, [], 2, "cannot be read"),
        (b"nick\nAda\n", [], 2, "Add a first line: name"),
        (b"", [], 2, "Add a first line: name"),
        (b"name\n", [], 2, "Add one name per line"),
        ("name\n小雨\n".encode("gbk"), [], 2, "Save the file as UTF-8"),
        (b"id,name\n1,a\n1,b\n", [], 2, "stands twice"),
        (b"name\nAda\n", ["--min-px", "9"], 2, "12 to"),
        (b"name\nAda\n", ["--size", "9x9"], 2, "Leave out .png"),
        (b"name,weight\nAda,old\n", [], 2, "weight of name 1 is no number"),
        (b"name\nAda\n", ["--theme", "neon"], 2, "one of lantern"),
        (b"name\nAda\n", ["--silhouette", "cat"], 2, "there is heart"),
        (b"name\nAda\n", ["--dark"], 2, "a light theme"),
    ],
)
def test_a_wrong_command_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, more: list[str], code: int, says: str
) -> None:
    names = tmp_path / "names.csv"
    if content is not None:
        names.write_bytes(content)
    assert main([str(names), str(tmp_path / "a.png"), "--size", "480x800", *more]) == code
    assert says in capsys.readouterr().err
    assert not list(tmp_path.glob("*.png"))


def test_a_size_that_is_none_is_refused_by_the_parser(names: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(names), "a.png", "--size", "big"])
    assert stopped.value.code == 2
    assert "such as 1080x2400" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(names: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = names.parent / "nowhere" / "a.png"
    assert main([str(names), str(out), "--size", "480x800"]) == 3
    assert f"{out} cannot be written: No such file" in capsys.readouterr().err


def test_a_name_that_is_none_for_the_format_is_refused_before_anything_is_drawn(
    names: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(names), str(names.parent / "wall.jpg"), "--size", "480x800"]) == 2
    assert "end in .png" in capsys.readouterr().err


def test_several_screens_have_a_folder_each_with_a_manifest(names: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = names.parent / "wall"
    assert main([str(names), str(out), "--size", "480x800", "--size", "800x480", "--theme", "valentine"]) == 0
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        "480x800/boot-screen.png", "480x800/manifest.json", "800x480/boot-screen.png", "800x480/manifest.json",
    ]  # fmt: skip
    assert main(["verify", str(out / "480x800"), str(out / "480x800" / "manifest.json")]) == 0
    assert "every pixel as" in capsys.readouterr().out


def test_sections_stand_in_their_order_with_the_most_senior_first(tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text(
        "id,name,section,weight\n1,a,Testers,1\n2,b,First 100,5\n3,c,Testers,9\n4,d,,0\n", encoding="utf-8"
    )
    record = tmp_path / "wall.json"
    asked = [str(names), str(tmp_path / "wall.png"), "--size", "480x800", "--order", "seniority"]
    assert main([*asked, "--manifest", str(record)]) == 0
    assert [name[0] for name in json.loads(record.read_text())["names"]] == ["3", "1", "2", "4"]


def test_pages_of_an_earlier_drawing_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = tmp_path / "names.csv"
    names.write_text("name\n" + "\n".join(many(900)), encoding="utf-8")
    asked = [str(names), str(tmp_path / "wall.png"), "--size", "480x800"]
    assert main(asked) == 0
    names.write_text("name\nAda\n", encoding="utf-8")
    assert main(asked) == 0
    assert "wall-01.png, wall-02.png" in capsys.readouterr().err


def test_a_changed_picture_is_found_with_the_names_that_stand_there(
    names: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, record = names.with_name("wall.png"), names.with_name("wall.json")
    assert main([str(names), str(out), "--size", "480x800", "--manifest", str(record)]) == 0
    box = json.loads(record.read_text())["names"][0]
    with Image.open(out) as picture:
        changed = picture.convert("RGB")
    changed.putpixel((box[4] + 1, box[5] + 1), (1, 2, 3))
    changed.save(out)
    capsys.readouterr()
    assert main(["verify", str(out), str(record)]) == 1
    told = capsys.readouterr().out
    assert "page 1 differs between" in told
    assert "小雨" in told


def test_what_is_missing_too_many_or_of_another_size_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.csv"
    names.write_text("name\n" + "\n".join(many(900)), encoding="utf-8")
    out = tmp_path / "wall"
    assert main([str(names), str(out), "--size", "480x800"]) == 0
    pages = sorted((out / "480x800").glob("*.png"))
    pages[0].rename(pages[0].with_name("boot-screen-99.png"))
    Image.new("RGB", (10, 10)).save(pages[1])
    capsys.readouterr()
    assert main(["verify", str(out), str(out / "480x800" / "manifest.json")]) == 1
    told = capsys.readouterr().out
    assert "page 1 is missing" in told
    assert "page 2 is 10x10, not 480x800" in told
    assert "page 99 is not in the manifest" in told


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--size", "1080x1920", "--format", "png", "--format", "pi-tga"], "pi-tga shows at most 1920x1080"),
        (["--size", "200x200", "--min-px", "30"], "12 to 25 px"),
        (["--offset", "99999999"], "0 to 67108864"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is(
    names: Path, capsys: pytest.CaptureFixture[str], more: list[str], says: str
) -> None:
    out = names.with_name("out")
    try:
        code: object = main([str(names), str(out), "--size", "480x800", *more])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert says in capsys.readouterr().err
    assert not out.exists()


def test_every_script_that_no_font_covers_is_told_also_of_names_that_became_numbers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.csv"
    names.write_text("id,name\n3,\ua9c1\n4,A\ua9c2\U00012000\n", encoding="utf-8")
    assert main([str(names), str(tmp_path / "a.png"), "--size", "480x800", "--no-system-fonts"]) == 0
    told = capsys.readouterr().err
    assert "tester #3" in told
    assert "Javanese: 2 different characters covered by no font" in told
    assert "Cuneiform: 1 different characters covered by no font" in told
