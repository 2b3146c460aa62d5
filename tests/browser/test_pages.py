"""The built pages in a real browser, straight from the disk: mathematics, silence, search."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser):
    """A page that must ask for nothing beyond the disk and write no error to the console."""
    page, complaints = browser.new_page(), []
    page.on("request", lambda request: complaints.append(request.url) if off(request.url) else None)
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    yield page
    page.close()
    assert complaints == []


def off(url: str) -> bool:
    """Whether a request leaves the disk."""
    return not url.startswith(("file:", "data:", "blob:"))


def rendered(page: Page, path: Path) -> Page:
    """Open a page and, if it has mathematics, wait until MathJax has done its work."""
    page.goto(path.as_uri())
    if page.locator("script[src*=mathjax]").count():
        page.wait_for_function("window.MathJax?.startup?.promise")
        page.evaluate("MathJax.startup.promise")
    return page


def test_every_page_renders_its_mathematics_without_error_or_request(course, site, page):
    for source in (*course.notebooks, course.root / "book" / "notation.md"):
        shown = rendered(page, site / course.short(source.with_suffix(".html")))
        formulas = shown.locator("span.math, div.math").count()
        assert shown.locator("mjx-container").count() >= formulas
        assert shown.locator("mjx-merror, [data-mml-node=merror]").count() == 0


def test_the_landing_page_is_reached_from_the_root(site, page):
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/intro.html")
    assert page.locator("h1").first.inner_text().startswith("Disentangling")


def test_search_finds_a_page_without_a_server(site, page):
    page.goto((site / "search.html").as_uri() + "?q=notation")
    page.locator("#search-results a").first.wait_for()
    assert page.locator("#search-results a", has_text="Notation").count() > 0


def test_pages_fit_a_phone(course, site, page):
    page.set_viewport_size({"width": 390, "height": 844})
    for source in course.notebooks:
        rendered(page, site / course.short(source.with_suffix(".html")))
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, source.name
