"""Promises of the flip book: the right picture for each setting, the same for kernel and page."""

import json
import re

import pytest
import traitlets
from matplotlib.figure import Figure

from dvae_course import plots
from dvae_course.widgets import FlipBook, flipbook

KNOBS = {"t": (0, 0.5, 1), "rotation": (7, 8)}


def picture(t, rotation):
    return plots.describe(Figure((1, 1)), f"t {t}, rotation {rotation}")


def pages():
    return [picture(t, rotation) for t in KNOBS["t"] for rotation in KNOBS["rotation"]]


@pytest.fixture
def static(monkeypatch):
    monkeypatch.setenv("DVAE_STATIC_PAGE", "1")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.delenv("DVAE_STATIC_PAGE", raising=False)


def state_of(html):
    return json.loads(re.search(r'"application/json">(.*?)</script>', html)[1])


def test_kernel_and_page_get_the_same_pictures(monkeypatch, live):
    widget = flipbook(KNOBS, pages(), "Which?", start=(2, 1))
    monkeypatch.setenv("DVAE_STATIC_PAGE", "1")
    page = state_of(flipbook(KNOBS, pages(), "Which?", start=(2, 1))._repr_html_())
    assert page == {"data": widget.data, "places": [2, 1]}


def test_pictures_stand_in_the_order_of_the_settings_the_last_slider_fastest(live):
    data = flipbook(KNOBS, pages(), "Which?").data
    assert data["conclusions"][:3] == ["t 0, rotation 7", "t 0, rotation 8", "t 0.5, rotation 7"]
    assert all(
        f'alt="{text}"' in html
        for text, html in zip(data["conclusions"], data["pictures"], strict=True)
    )


def test_without_a_script_the_page_shows_the_picture_at_the_start(static):
    html = flipbook(KNOBS, pages(), "Which?", start=(2, 1))._repr_html_()
    still = re.search(r"<noscript>(.*?)</noscript>", html, flags=re.DOTALL)[1]
    assert still.count("<img") == 1 and 'alt="t 1, rotation 8"' in still


def test_question_cannot_end_the_script_on_the_page(static):
    question = "</script><script>alert(1)</script>"
    html = flipbook(KNOBS, pages(), question)._repr_html_()
    assert html.count("</script") == 2
    assert state_of(html)["data"]["question"] == question


def test_page_asks_for_nothing_from_elsewhere(static):
    html = flipbook(KNOBS, pages(), "Which?")._repr_html_()
    assert not re.search(r"https?:|fetch\(|\bimport\b *[({'\"]", html)


def test_python_moves_the_sliders_within_their_range(live):
    widget = flipbook(KNOBS, pages(), "Which?")
    assert isinstance(widget, FlipBook)
    widget.places = [1, 1]
    for outside in ([3, 0], [0, -1], [0]):
        with pytest.raises(traitlets.TraitError, match="one index for each slider"):
            widget.places = outside
    assert widget.places == [1, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"figures": []}, r"0 figures for 6 settings \(3 × 2\)"),
        ({"knobs": {}}, "one to three sliders, got 0"),
        ({"start": (0, 2)}, r"start is \[0, 2\]; expected one index for each slider"),
    ],
)
def test_what_does_not_fit_is_named(live, change, message):
    given = {"knobs": KNOBS, "figures": pages(), "question": "Which?", **change}
    with pytest.raises(ValueError, match=message):
        flipbook(**given)


def test_a_picture_without_a_conclusion_is_refused(live):
    with pytest.raises(ValueError, match="no description"):
        flipbook({"t": (0,)}, [Figure((1, 1))], "Which?")
