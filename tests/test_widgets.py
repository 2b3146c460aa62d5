"""Promises of the widgets: the same data for Jupyter and the page, safe HTML, honest panels."""

import base64
import json
import re

import ipywidgets
import numpy as np
import pytest
from matplotlib.figure import Figure

from dvae_course import plots
from dvae_course.widgets import LatentExplorer, explorer, retrain_panel
from dvae_course.widgets.explorer import quantised
from dvae_course.widgets.retrain import CONTINUE


def trained(alphas=2, betas=3, seeds=2, points=12):
    """Made-up results of a grid of models, as the explorer takes them."""
    rng = np.random.default_rng(0)
    shape = (alphas, betas, seeds)
    return {
        "alphas": range(alphas),
        "betas": [0.1 * b for b in range(betas)],
        "mu": rng.normal(size=(*shape, points, 2)),
        "sd": np.exp(rng.normal(-2, 1, (*shape, points, 2))),
        "labels": np.arange(points) % 4,
        "overlap": rng.uniform(0, 2, shape),
        "match": rng.uniform(0, 2, shape),
        "reconstruction": rng.normal(size=shape),
        "prior_means": np.array([(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)]),
        "prior_sd": 0.17,
    }


@pytest.fixture
def static(monkeypatch):
    monkeypatch.setenv("DVAE_STATIC_PAGE", "1")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.delenv("DVAE_STATIC_PAGE", raising=False)


@pytest.fixture
def made_widgets():
    """Every ipywidget that is made during the test."""
    made = []
    ipywidgets.Widget.on_widget_constructed(made.append)
    yield made
    ipywidgets.Widget.on_widget_constructed(None)


def state_of(html):
    return json.loads(re.search(r'"application/json">(.*?)</script>', html)[1])


# The explorer


def restored(packed):
    kind = {1: np.uint8, 2: np.dtype("<u2")}[packed["bytes"]]
    whole = np.frombuffer(base64.b64decode(packed["data"]), kind).astype(float)
    return packed["low"] + whole * (packed["high"] - packed["low"]) / np.iinfo(kind).max


@pytest.mark.parametrize(("kind", "steps"), [(np.uint16, 65535), (np.uint8, 255)])
def test_quantised_values_come_back_within_half_a_step(kind, steps):
    values = np.random.default_rng(0).normal(size=(30, 2))
    half_a_step = (values.max() - values.min()) / (2 * steps)
    assert np.abs(restored(quantised(values, kind)) - values.ravel()).max() <= 1.001 * half_a_step


def test_quantised_constant_comes_back_exactly():
    assert (restored(quantised(np.full(5, 0.3), np.uint8)) == 0.3).all()


def test_kernel_and_page_get_the_same_data(monkeypatch, live):
    widget = explorer(**trained(), start=(1, 2, 1))
    monkeypatch.setenv("DVAE_STATIC_PAGE", "1")
    page = state_of(explorer(**trained(), start=(1, 2, 1))._repr_html_())
    assert page["data"] == widget.data
    assert [page[n] for n in ("alpha_index", "beta_index", "seed_index")] == [1, 2, 1]


def test_explorer_in_a_kernel_is_a_widget_whose_position_python_can_set(live):
    widget = explorer(**trained())
    assert isinstance(widget, LatentExplorer)
    widget.beta_index = 2
    assert widget.beta_index == 2 and "beta_index" in widget.keys  # synced with the browser


def test_explorer_refuses_a_position_that_was_not_trained(live):
    widget = explorer(**trained())
    with pytest.raises(ValueError, match="beta_index is 3, but there are 3 values; use 0 to 2"):
        widget.beta_index = 3


def test_explorer_on_the_page_makes_no_widget_and_has_only_html(static, made_widgets):
    shown = explorer(**trained())
    assert made_widgets == []
    forms = [name for name in dir(shown) if name.startswith(("_repr_", "_ipython_display_"))]
    assert forms == ["_repr_html_"]


def test_question_cannot_end_the_script_on_the_page(static):
    question = "</script><script>alert(1)</script>"
    html = explorer(**trained(), question=question)._repr_html_()
    assert html.count("</script") == 2 and "alert(1)</" not in html
    assert state_of(html)["data"]["question"] == question


def test_page_asks_for_nothing_from_elsewhere(static):
    html = explorer(**trained())._repr_html_()
    assert not re.search(r"\b(src|href)=|https?:|fetch\(|\bimport\b *[({'\"]", html)


def test_full_grid_of_the_chapter_weighs_less_than_300_kilobytes(static):
    html = explorer(**trained(alphas=5, betas=5, seeds=3, points=400))._repr_html_()
    assert len(html.encode()) < 300_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"alphas": [0, 1, 2]}, r"3 values of alpha.*\(3, 3, seeds, points, 2\)"),
        ({"labels": np.zeros(5, int)}, r"labels has shape \(5,\); expected \(12,\)"),
        ({"match": np.zeros((2, 3, 7))}, r"must have shape \(2, 3, 2\).*\(2, 3, 7\)"),
        ({"sd": np.zeros((2, 3, 2, 12, 2))}, "diverged"),
        ({"start": (0, 3, 0)}, r"start \(beta\) is 3, but there are 3 values"),
    ],
)
def test_explorer_names_the_argument_that_does_not_fit(static, change, message):
    with pytest.raises(ValueError, match=message):
        explorer(**{**trained(), **change})


# The panel that trains again


class Trainer:
    """Stands for training: remembers how it was called, returns (alpha, beta)."""

    def __init__(self):
        self.calls = []

    def __call__(self, alpha, beta, previous):
        self.calls.append((alpha, beta, previous))
        if alpha == 13:
            raise RuntimeError("the loss\nis not finite <nan>")
        return alpha, beta


def picture(state):
    return plots.describe(Figure((1, 1)), f"a model at {state}")


def panel_of(trainer):
    return retrain_panel(trainer, picture, "What changes?", alphas=(0, 5, 13), betas=(1, 2))


def test_panel_opens_with_the_first_model_already_drawn(live):
    trainer = Trainer()
    panel = panel_of(trainer)
    assert trainer.calls == [(0, 1, None)]
    assert 'alt="a model at (0.0, 1.0)"' in panel.picture.value


def test_moving_a_knob_trains_afresh_and_draws(live):
    trainer = Trainer()
    panel = panel_of(trainer)
    panel.alpha.value = 5
    panel.beta.value = 2
    assert trainer.calls[1:] == [(5, 1, None), (5, 2, None)]
    assert 'alt="a model at (5.0, 2.0)"' in panel.picture.value


def test_continuing_hands_the_model_on_show_to_training(live):
    trainer = Trainer()
    panel = panel_of(trainer)
    panel.start.value = CONTINUE
    panel.alpha.value = 5
    assert trainer.calls[-1] == (5, 1, (0, 1))


def test_reset_trains_the_first_model_once_from_a_fresh_start(live):
    trainer = Trainer()
    panel = panel_of(trainer)
    panel.start.value = CONTINUE
    panel.alpha.value, panel.beta.value = 5, 2
    before = len(trainer.calls)
    panel.reset.click()
    assert trainer.calls[before:] == [(0, 1, None)]


def test_failed_training_says_so_in_one_line_and_keeps_the_model_before(live):
    panel = panel_of(Trainer())
    drawn = panel.picture.value
    panel.alpha.value = 13
    assert "RuntimeError: the loss is not finite &lt;nan&gt;" in panel.status.value
    assert "\n" not in panel.status.value
    assert panel.picture.value == drawn and panel.state == (0, 1)


def test_panel_says_that_it_is_training_while_it_trains(live):
    seen = []
    panel = retrain_panel(
        lambda alpha, beta, _: seen.append(panel.status.value) if alpha else None,
        picture,
        "What changes?",
        alphas=(0, 5),
        betas=(1,),
    )
    panel.alpha.value = 5
    assert "training at α = 5, β = 1" in seen[0]
    assert "trained at α = 5, β = 1" in panel.status.value


def test_panel_on_the_page_is_the_first_picture_and_says_why_it_stands_still(static, made_widgets):
    html = panel_of(Trainer())._repr_html_()
    assert 'alt="a model at (0.0, 1.0)"' in html and "needs a running kernel" in html
    assert made_widgets == []


def test_panel_without_values_says_so(live):
    with pytest.raises(ValueError, match="each needs at least one value"):
        retrain_panel(Trainer(), picture, "?", alphas=(), betas=(1,))
