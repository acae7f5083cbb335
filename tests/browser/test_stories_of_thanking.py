"""The boot screen: those who stayed and said yes, from the rule to a picture of the asked size."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

from PIL import Image

from tests.browser.steps import Visit, become_tester

NAMES = {"fei": "飞鸟 Fei", "gao": "Gao_2010", "hua": "不想上"}


def test_the_names_of_those_who_stayed_become_a_boot_screen(lin: Visit, ada: Visit) -> None:
    for mail, name in NAMES.items():
        become_tester(ada, name, f"{mail}@inbox.example")
        ada.go("/my-name")
        ada.fill(answer="no" if mail == "hua" else "yes", shown_name=name)
        ada.page.locator(f"#look img[alt='{name}']").wait_for()
        with ada.page.expect_navigation():
            ada.page.locator("main form button[name=do][value=save]").click()
        ada.page.context.clear_cookies()
    remember_a_year(lin)
    lin.go("/editions/new")
    lin.fill(
        name="First year", title_zh="勇敢的人", subtitle_zh="thank you", title_en="You brave ones", sizes="720x1280"
    )
    with lin.page.expect_navigation():
        lin.page.locator("main form button.primary").click()
    edition = lin.number
    lin.reads(en="Who is on it", zh="上面有谁")
    preview = lin.page.locator("main img[src*='preview.png']")
    assert preview.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    lin.press(f"/editions/{edition}/freeze")
    lin.reloads_until("main a[href$='/boot-screen.zip']")
    with lin.page.expect_download() as waiting:
        lin.page.locator("main a[href$='/boot-screen-01.png']").first.click()
    with Image.open(waiting.value.path()) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (720, 1280))
        assert len(picture.convert("RGB").getcolors(2**24) or ()) > 50
    with lin.page.expect_download() as waiting:
        lin.page.locator("main a[href$='/boot-screen.zip']").click()
    with ZipFile(waiting.value.path()) as packed:
        told = "".join(packed.read(name).decode() for name in packed.namelist() if name.endswith(".json"))
    lin.go(f"/editions/{edition}/people/on")
    lin.sees(NAMES["fei"])
    lin.sees(NAMES["gao"])
    assert NAMES["hua"] not in lin.page.inner_text("main table")
    assert NAMES["hua"] not in told


def remember_a_year(lin: Visit) -> None:
    """What another system knows: each ran a build in every one of the last 60 weeks."""
    now = datetime.now(UTC)
    rows = [
        f"email:{mail}@inbox.example,0.{week},{(now - timedelta(weeks=week, hours=1)).isoformat()}"
        for mail in NAMES
        for week in range(60)
    ]
    history = lin.site.folder / "history.csv"
    history.write_text("\n".join(["identity,version,at", *rows]), "utf-8")
    lin.site.flask("builds", "import-check-ins", str(history))
    lin.site.flask("funnel", "recompute")
