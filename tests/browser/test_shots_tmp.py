from tests.browser.test_stories_of_reaching import begin_by_hand
from tests.browser.steps import Visit
def shots(v: Visit, name: str):
    for w in (360, 1280):
        for theme in ("light", "dark"):
            v.page.emulate_media(color_scheme=theme)
            v.page.set_viewport_size({"width": w, "height": 800})
            v.page.screenshot(path=f"/tmp/shots/{name}-{v.language}-{w}-{theme}.png", full_page=True)
    v.page.set_viewport_size({"width": 1280, "height": 800})
def test_shots(lin: Visit):
    lin.go("/outreach/accounts/new")
    lin.fill(name="米粉小站", channel="qq", per_day="20", level="2")
    lin.press("/outreach/accounts/new")
    lin.go("/outreach/accounts/new")
    lin.fill(name="rom_seeker", channel="qq", per_day="2", needs_posts="0")
    lin.press("/outreach/accounts/new")
    lin.go("/outreach/accounts")
    begin_by_hand(lin, "Shot", 4)
    with lin.page.expect_navigation():
        lin.page.locator("[data-key=n]").click()
    with lin.page.expect_navigation():
        lin.page.locator("[value=replied]").click()
    lin.page.locator(".skip > summary").click()
    shots(lin, "person")
    with lin.page.expect_navigation():
        lin.page.locator("[value=refused]").click()
    lin.page.locator(".undo summary").click()
    shots(lin, "refused")
