"""The flip book in a real browser: sliders turn its pages, Reset turns them back."""

import shutil

import pytest
from matplotlib.figure import Figure
from playwright.sync_api import sync_playwright

from dvae_course import plots
from dvae_course.widgets import flipbook

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH")


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setenv("DVAE_STATIC_PAGE", "1")
    knobs = {"t": (0, 0.5, 1), "rotation": (7, 8)}
    texts = [f"t {t}, rotation {r} & <b>" for t in knobs["t"] for r in knobs["rotation"]]
    figures = [plots.describe(Figure((1, 1)), text) for text in texts]
    html = flipbook(knobs, figures, "Which?", start=(0, 1))._repr_html_()
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{html}", encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened, errors = browser.new_page(), []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        opened.goto(file.as_uri())
        yield opened
        assert errors == []
        browser.close()


def test_sliders_show_their_picture_with_its_conclusion_and_reset_goes_back(page):
    status, t, rotation = page.get_by_role("status"), *page.get_by_role("slider").all()
    assert status.inner_text() == "t 0, rotation 8 & <b>"
    t.press("ArrowRight")
    rotation.press("ArrowLeft")
    assert status.inner_text() == "t 0.5, rotation 7 & <b>"
    assert page.get_by_role("img").get_attribute("alt") == "t 0.5, rotation 7 & <b>"
    assert t.get_attribute("aria-valuetext") == "t = 0.5"
    page.get_by_role("button", name="Reset").click()
    assert status.inner_text() == "t 0, rotation 8 & <b>"
