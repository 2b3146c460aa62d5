"""The annealing panel in a real browser: its controls answer, and it asks for nothing."""

import shutil

import pytest
from playwright.sync_api import Page, sync_playwright

from dvae_course.widgets import annealing_panel

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVAE_STATIC_PAGE", "1")
        shown = annealing_panel("Which way?")._repr_html_()
    page = tmp_path_factory.mktemp("page") / "panel.html"
    page.write_text(f"<!doctype html><meta charset='utf-8'><body>{shown}</body>", encoding="utf-8")
    return page


@pytest.fixture
def page(path):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page, requests, complaints = browser.new_page(), [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        page.locator("figure").first.wait_for()
        yield page
        assert complaints == []
        assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
        browser.close()


def story(page: Page) -> str:
    return page.get_by_role("status").text_content()


def test_keyboard_moves_beta_and_the_curves_and_the_sentence_follow(page):
    assert "the entropy term widens the encoder to 1.00" in story(page)
    before = page.locator("figure").nth(1).inner_html()
    page.get_by_role("slider").nth(1).focus()
    page.keyboard.press("Home")
    assert "the entropy term narrows the encoder to 1.00" in story(page)
    assert page.locator("figure").nth(1).inner_html() != before
    assert page.get_by_role("slider").nth(1).get_attribute("aria-valuetext") == "β = 0.25"


def test_another_prior_brings_its_own_shapes_and_reset_goes_back(page):
    opened = story(page), page.locator(".plots").inner_html()
    page.get_by_role("combobox").select_option("Student's t")
    shape = page.get_by_role("slider").nth(0)
    assert shape.get_attribute("aria-valuetext") == "ν = 2"
    shape.focus()
    page.keyboard.press("Home")
    page.get_by_role("slider").nth(1).fill("1")
    assert "Student's t (ν 1) prior at β = 0.5: the integral F_β is infinite" in story(page)
    assert page.locator("figcaption").nth(1).inner_text().strip() == "−β KL(q‖p)"
    page.get_by_role("button", name="Reset").click()
    assert (story(page), page.locator(".plots").inner_html()) == opened
