"""The α-β explorer in a real browser: it answers, it asks for nothing, everyone can use it."""

import base64
import contextlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, sync_playwright

from dvae_course.plots import density_on_grid
from dvae_course.widgets import explorer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH")

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
MODULE = Path(__file__).parents[2] / "dvae_course" / "widgets" / "explorer.js"


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


def trained_grid():
    """A made-up 5 × 5 × 3 grid: α moves the codes to the prior, β makes each of them wider."""
    rng = np.random.default_rng(0)
    prior = np.array([(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)])
    labels = np.arange(80) % 4
    alpha, beta = np.linspace(0, 1, 5)[:, None, None], np.linspace(0, 1, 5)[None, :, None]
    noise = rng.normal(size=(5, 5, 3, 80, 2))
    numbers = np.zeros((5, 5, 3))
    return {
        "alphas": [0, 0.1, 1, 3, 8],
        "betas": [0.001, 0.1, 0.5, 1, 2],
        "mu": (0.2 + 0.8 * alpha[..., None, None]) * prior[labels] + 0.15 * noise,
        "sd": (0.02 + 0.2 * beta[..., None, None]) * np.exp(0.1 * noise),
        "labels": labels,
        "overlap": numbers + 4 * (1 - beta),
        "match": numbers + 3 * (1 - alpha),
        "reconstruction": numbers - 1 - beta,
        "prior_means": prior,
        "prior_sd": 0.17,
    }


@pytest.fixture(scope="module")
def one_explorer(tmp_path_factory):
    return write_page(tmp_path_factory.mktemp("page") / "one.html", copies=1)


def write_page(path: Path, copies: int) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DVAE_STATIC_PAGE", "1")
        shown = explorer(**trained_grid())._repr_html_()
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    path.write_text(f"<!doctype html><html><head>{head}</head><body>{shown * copies}</body></html>")
    return path


@contextlib.contextmanager
def opened(browser, path: Path, **options):
    """The page at `path`; afterwards nothing was fetched from elsewhere, and nothing complained."""
    context = browser.new_context(**options)
    page, requests, complaints = context.new_page(), [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(path.as_uri())
    page.locator("canvas").first.wait_for()
    yield page
    assert complaints == []
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()


def picture(page: Page, index: int = 0) -> str:
    return page.locator("canvas").nth(index).evaluate("canvas => canvas.toDataURL()")


def numbers(page: Page, index: int = 0) -> list[str]:
    return page.locator(".numbers").nth(index).locator("output").all_text_contents()


def corner(page: Page) -> list[int]:
    """Colour of the picture inside its frame, far from all codes."""
    script = "canvas => [...canvas.getContext('2d').getImageData(90, 40, 1, 1).data].slice(0, 3)"
    return page.locator("canvas").first.evaluate(script)


def test_default_state_tells_its_story(browser, one_explorer):
    with opened(browser, one_explorer) as page:
        assert numbers(page) == ["4.00 nats", "3.00 nats", "−1.00 nats"]
        story = page.locator("[role=status]").text_content()
        assert "At α = 0 and β = 0.001, the codes hardly overlap" in story
        assert "they miss the prior" in story


def test_keyboard_moves_alpha_and_everything_follows(browser, one_explorer):
    with opened(browser, one_explorer) as page:
        before = picture(page)
        slider = page.get_by_role("slider", name="alpha")
        slider.focus()
        page.keyboard.press("End")
        assert picture(page) != before
        assert numbers(page)[1] == "0.00 nats"
        assert slider.get_attribute("aria-valuetext") == "alpha 8"
        assert "they match the prior" in page.locator("[role=status]").text_content()
        assert "At α = 8" in page.get_by_role("img").get_attribute("aria-label")


def test_mouse_moves_beta_and_leaves_alpha(browser, one_explorer):
    with opened(browser, one_explorer) as page:
        before = picture(page)
        slider = page.get_by_role("slider", name="beta")
        box = slider.bounding_box()
        page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()
        assert picture(page) != before
        assert numbers(page) == ["0.00 nats", "3.00 nats", "−2.00 nats"]


def test_another_seed_is_another_model(browser, one_explorer):
    with opened(browser, one_explorer) as page:
        before = picture(page)
        page.get_by_role("combobox", name="seed").select_option("2")
        assert picture(page) != before


def test_reset_brings_back_the_first_picture_exactly(browser, one_explorer):
    with opened(browser, one_explorer) as page:
        before = picture(page), numbers(page)
        for name in ("alpha", "beta"):
            page.get_by_role("slider", name=name).press("ArrowRight")
        page.get_by_role("combobox", name="seed").select_option("1")
        assert (picture(page), numbers(page)) != before
        page.get_by_role("button", name="Reset").click()
        assert (picture(page), numbers(page)) == before


def test_tab_goes_through_the_controls_in_reading_order(browser, one_explorer):
    with opened(browser, one_explorer) as page:
        visited = []
        for _ in range(4):
            page.keyboard.press("Tab")
            focused = "document.activeElement.shadowRoot.activeElement"
            visited.append(page.evaluate(f"{focused}.ariaLabel ?? {focused}.localName"))
        assert visited == ["alpha", "beta", "seed", "button"]


def test_two_explorers_on_a_page_do_not_move_each_other(browser, tmp_path):
    with opened(browser, write_page(tmp_path / "two.html", copies=2)) as page:
        assert page.locator("canvas").count() == 2
        still = picture(page, 1), numbers(page, 1)
        page.get_by_role("slider", name="alpha").first.press("End")
        assert numbers(page, 0)[1] == "0.00 nats"
        assert (picture(page, 1), numbers(page, 1)) == still


def test_phone_shows_the_whole_width_without_scrolling_sideways(browser, one_explorer):
    phone = {"width": 390, "height": 844}
    with opened(browser, one_explorer, viewport=phone) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        edges = [locator.bounding_box() for locator in page.locator("canvas, input, button").all()]
        assert all(e["x"] >= 0 and e["x"] + e["width"] <= 390 for e in edges)


def test_dark_page_and_dark_system_give_a_dark_picture(browser, one_explorer):
    with opened(browser, one_explorer) as page:
        assert min(corner(page)) > 240
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
        assert max(corner(page)) < 50
    with opened(browser, one_explorer, color_scheme="dark") as page:
        assert max(corner(page)) < 50


def test_light_jupyterlab_on_a_dark_system_gives_a_light_picture(browser, one_explorer):
    with opened(browser, one_explorer, color_scheme="dark") as page:
        page.evaluate("document.body.dataset.jpThemeLight = 'true'")
        assert min(corner(page)) > 240


def in_module(page: Page, body: str, argument):
    """What `body`, with the module as `m` and `argument` as `a`, returns in the browser."""
    source = base64.b64encode(MODULE.read_bytes()).decode()
    load = f"const m = await import('data:text/javascript;base64,{source}');"
    return page.evaluate(f"async (a) => {{ {load} {body} }}", argument)


def test_density_drawn_in_the_browser_is_the_density_of_the_figures(browser, one_explorer):
    rng = np.random.default_rng(0)
    mu, sd = rng.normal(size=(50, 2)), np.exp(rng.normal(-2, 1.5, (50, 2)))
    with opened(browser, one_explorer) as page:
        drawn = in_module(
            page,
            "return [...m.densityOnGrid(a.mu, a.sd, 2.5, 32)];",
            {"mu": mu.ravel().tolist(), "sd": sd.ravel().tolist()},
        )
    expected = density_on_grid(mu, sd, 2.5, 32)
    # Each one-dimensional mass is right to 2e-7, and a cell is 0.156 wide: 2e-7 / 0.156² · 2.
    assert np.abs(np.array(drawn).reshape(32, 32) - expected).max() < 2e-5


def test_removed_explorer_no_longer_answers_its_model(browser, one_explorer):
    body = """
      const handlers = new Set();
      const state = JSON.parse(document.querySelector('[type="application/json"]').textContent);
      const model = { get: (n) => state[n], on: (e, h) => handlers.add(h),
        off: (e, h) => handlers.delete(h), set() {}, save_changes() {} };
      const remove = m.default.render({ model, el: document.createElement("div") });
      const listening = handlers.size;
      remove();
      return [listening, handlers.size];
    """
    with opened(browser, one_explorer) as page:
        assert in_module(page, body, None) == [1, 0]


def test_explorer_of_the_clustered_prior_chapter_answers_on_the_built_page(browser, site):
    with opened(browser, site / "chapters" / "11_clustered_prior.html") as page:
        explorers = page.locator("[data-dvae-widget]")
        before = picture(page), numbers(page)
        slider = explorers.first.get_by_role("slider", name="alpha")
        for key in ("Home", "End"):
            slider.press(key)
        assert slider.get_attribute("aria-valuetext") != "alpha 0"
        slider.press("ArrowLeft")
        assert (picture(page), numbers(page)) != before
