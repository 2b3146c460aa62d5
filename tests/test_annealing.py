"""The annealed prior's figures and panel: they show Theorem 1, and say where it ends."""

import json
import re

import numpy as np
import pytest
from scipy import stats
from traitlets import TraitError

from dvae_course import plots
from dvae_course.widgets import annealing_panel
from dvae_course.widgets.annealing import BETAS, FAMILIES, annealing_figure

SETTINGS = [(name, shape) for name, family in FAMILIES.items() for shape in family.values]
WHOLE, ALONE, BONUS, LOG_F = range(4)


@pytest.fixture
def static(monkeypatch):
    monkeypatch.setenv("DVAE_STATIC_PAGE", "1")


@pytest.fixture
def live(monkeypatch):
    monkeypatch.delenv("DVAE_STATIC_PAGE", raising=False)


def lines_of(figure, panel):
    """The curves with a label, in their order, as (x, y)."""
    lines = figure.axes[panel].get_lines()
    return [line.get_data() for line in lines if not line.get_label().startswith("_")]


@pytest.mark.parametrize("beta", [0.5, 4.0])
@pytest.mark.parametrize(("family", "shape"), [("Gaussian", 2.0), ("Student's t", 5.0)])
def test_the_drawn_terms_add_up_to_the_whole(family, shape, beta):
    terms = [y for _, y in lines_of(annealing_figure(family, shape, beta), 1)]
    np.testing.assert_allclose(terms[ALONE] + terms[BONUS] + terms[LOG_F], terms[WHOLE], atol=1e-9)


def test_the_gaussian_panel_has_the_closed_forms():
    figure = annealing_figure("Gaussian", 2.0, 4.0)
    (z, p), (_, f) = lines_of(figure, 0)
    np.testing.assert_allclose(p, stats.norm.pdf(z, scale=2.0))
    np.testing.assert_allclose(f, stats.norm.pdf(z, scale=1.0))  # N(0, 4/β)
    sd, alone = lines_of(figure, 1)[ALONE]
    np.testing.assert_allclose(-alone, 0.5 * (sd**2 - np.log(sd**2) - 1), atol=1e-12)


@pytest.mark.parametrize(("family", "shape"), SETTINGS)
def test_the_entropy_term_moves_the_best_encoder_the_way_that_the_sentence_says(family, shape):
    wider = plots.conclusion(annealing_figure(family, shape, 2.0))
    assert "the entropy term widens the encoder" in wider
    assert "both objectives" in plots.conclusion(annealing_figure(family, shape, 1.0))
    narrower = plots.conclusion(annealing_figure(family, shape, 0.5))
    assert ("narrows the encoder" in narrower) != ("infinite" in narrower)


@pytest.mark.parametrize("nu", FAMILIES["Student's t"].values)
@pytest.mark.parametrize("beta", BETAS)
def test_there_is_no_annealed_student_at_beta_times_nu_plus_1_up_to_1(nu, beta):
    figure = annealing_figure("Student's t", nu, beta)
    missing = beta * (nu + 1) <= 1
    assert ("F_β is infinite" in plots.conclusion(figure)) == missing
    assert len(lines_of(figure, 1)) == (1 if missing else 4)


def test_an_unknown_family_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'Laplace'.*Gaussian, two clusters, Student's t"):
        annealing_figure("Laplace", 1.0, 2.0)


def test_kernel_and_page_get_the_same_data(monkeypatch, live):
    widget = annealing_panel("Which way?")
    monkeypatch.setenv("DVAE_STATIC_PAGE", "1")
    html = annealing_panel("Which way?")._repr_html_()
    state = json.loads(re.search(r'"application/json">(.*?)</script>', html)[1])
    assert state == {"data": widget.data, "place": widget.place}
    assert 'alt="Gaussian (standard deviation 1) prior at β = 4' in html  # without JavaScript


def test_every_setting_of_the_panel_is_the_figure_of_that_setting(live):
    data = annealing_panel("Which way?").data
    for f, s, b in [(0, 1, 4), (1, 2, 0), (2, 0, 1), (2, 3, 5)]:
        family = data["families"][f]
        figure = annealing_figure(family["name"], family["values"][s], data["betas"][b])
        setting = data["settings"][f][s][b]
        assert setting["conclusion"] == plots.conclusion(figure)
        for drawn, (_, y) in zip(setting["terms"], lines_of(figure, 1), strict=True):
            np.testing.assert_allclose(drawn, y.clip(y.max() - 60), atol=6e-3)


def test_a_place_that_is_no_setting_is_refused(live):
    panel = annealing_panel("Which way?")
    panel.place = [2, 3, 0]  # Student's t has a fourth shape
    for place in ([0, 3, 0], [0, 0, 6], [-1, 0, 0], [0, 0]):
        with pytest.raises(TraitError, match="expected the indices of a family"):
            panel.place = place


def test_no_text_ends_the_script_on_the_page_and_the_panel_is_light(static):
    html = annealing_panel("</script><b>")._repr_html_()
    assert html.count("</script") == 2 and "<b>" not in html
    assert len(html.encode()) < 300_000


def test_densities_tells_a_curve_that_grows_from_one_with_mass():
    z = np.linspace(-4, 4, 801)
    normal = stats.norm.pdf(z)
    figure = plots.densities(z, {"left": {"p": normal, "r": np.exp(z**2 / 2)}})
    sentence = plots.conclusion(figure)
    assert "left: p has the middle half of its mass in 1.35" in sentence  # 2 · 0.6745
    assert "r grows towards the edge and cannot be normalised" in sentence
    assert normal.max() < figure.axes[0].get_ylim()[1] < 2 * normal.max()  # r leaves at the top
