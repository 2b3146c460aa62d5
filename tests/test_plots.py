"""Promises of the figures: exact densities, every seed drawn, a conclusion that follows."""

import base64
import re

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import norm

from dvae_course import plots

PRIOR = np.array([(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)])


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def clusters(rng, scale, points=80):
    """Codes around the four prior means, each moved away from the origin by `scale`."""
    labels = np.arange(points) % 4
    mu = scale * PRIOR[labels] + 0.1 * rng.normal(size=(points, 2))
    return mu, np.full_like(mu, 0.14), labels


@pytest.mark.parametrize("sd", [1e-4, 0.01, 0.2])
def test_density_has_mass_one_however_narrow_the_gaussians(rng, sd):
    mu = rng.uniform(-1, 1, (50, 2))
    density = plots.density_on_grid(mu, np.full_like(mu, sd), 3.0, 96)
    assert density.sum() * (6 / 96) ** 2 == pytest.approx(1, abs=1e-12)


def test_density_is_the_mixture_of_the_posteriors(rng):
    mu, sd = rng.uniform(-1, 1, (7, 2)), rng.uniform(0.3, 0.8, (7, 2))
    density = plots.density_on_grid(mu, sd, 4.0, 400)
    centres = (np.arange(400) + 0.5) / 50 - 4
    row, column = 130, 250  # z₂ and z₁
    at_point = np.array([centres[column], centres[row]])
    expected = norm.pdf(at_point, mu, sd).prod(axis=1).mean()
    assert density[row, column] == pytest.approx(expected, rel=1e-3)


def test_density_has_z1_along_columns_and_z2_along_rows():
    density = plots.density_on_grid(np.array([[1.5, -1.5]]), np.full((1, 2), 0.1), 2.0, 40)
    row, column = np.unravel_index(density.argmax(), density.shape)
    assert row < 10 and column > 30


def test_window_ignores_a_few_far_codes_and_never_hides_the_prior():
    mu = np.zeros((1000, 2))
    mu[0] = 100
    assert plots.window(mu) == 2
    assert plots.window(np.full((10, 2), 3.0)) == 3
    assert plots.window(np.full((10, 2), 50.0)) == 4


def grid_of(rng, scales):
    mu, sd, labels = clusters(rng, 1.0)
    mus = np.stack([[s * mu] * 2 for s in scales])
    return plots.latent_grid((0, 5), (0.1, 1), mus, np.stack([[sd] * 2] * 2), labels, PRIOR, 0.173)


def test_latent_grid_says_which_row_fits_the_prior(rng):
    assert "comes nearer to the prior" in plots.conclusion(grid_of(rng, (0.2, 1.0)))
    assert "comes farther from the prior" in plots.conclusion(grid_of(rng, (1.0, 0.2)))


def test_latent_grid_finds_no_distance_where_the_codes_are_the_prior():
    mu = np.broadcast_to(PRIOR, (1, 1, 4, 2))
    figure = plots.latent_grid([1], [1], mu, np.full(mu.shape, 0.173), np.arange(4), PRIOR, 0.173)
    assert "(0.00)" in plots.conclusion(figure)


def test_latent_grid_counts_codes_outside_its_window(rng):
    mu, sd, labels = clusters(rng, 1.0, points=400)
    mu[0] = 9
    one = (1, 1, 400, 2)
    args = mu.reshape(one), sd.reshape(one), labels, PRIOR, 0.173
    texts = [t.get_text() for t in plots.latent_grid([0], [1], *args).axes[0].texts]
    assert texts == ["1 outside"]


def test_latent_grid_names_the_shapes_when_they_do_not_fit(rng):
    mu, sd, labels = clusters(rng, 1.0)
    with pytest.raises(ValueError, match=r"\(1, 1, 80, 2\).*\(2, 1, points, 2\)"):
        plots.latent_grid([0, 1], [1], mu[None, None], sd[None, None], labels, PRIOR, 0.173)


def test_every_arm_of_the_pinwheel_has_its_own_colour_and_marker(rng):
    points, _, labels = clusters(rng, 1.0)
    marks = plots.pinwheel(points, labels).axes[0].collections
    assert len({tuple(m.get_facecolor()[0]) for m in marks}) == 4
    assert len({m.get_paths()[0].vertices.tobytes() for m in marks}) == 4


def test_spread_draws_every_seed_and_the_mean():
    values = np.array([[1.0, 3.0], [5.0, 9.0], [0.0, 0.0]])
    figure = plots.spread((0, 0.1, 1), {"alpha 0": values}, "β", "overlap in nats")
    dots, mean = figure.axes[0].lines
    assert sorted(dots.get_ydata()) == sorted(values.ravel())
    assert mean.get_ydata() == pytest.approx([2, 7, 0])


def test_spread_gives_zero_a_place_of_its_own_on_the_logarithmic_axis():
    figure = plots.spread((0, 0.1, 10), {"a": np.ones((3, 2))}, "β", "nats")
    transform = figure.axes[0].transData.transform
    zero, tenth, ten = (transform((x, 1))[0] for x in (0, 0.1, 10))
    assert zero < tenth < ten and np.isfinite(zero)


@pytest.mark.parametrize(("last", "verb"), [(3.0, "rises"), (0.5, "falls"), (1.0, "stays")])
def test_spread_says_which_way_the_number_goes(last, verb):
    values = np.array([[1.0], [last]])
    assert verb in plots.conclusion(plots.spread((0, 1), {"a": values}, "α", "match"))


def test_spread_names_the_series_that_does_not_fit():
    with pytest.raises(ValueError, match="alpha 0 has 2 rows, but x has 3"):
        plots.spread((0, 1, 2), {"alpha 0": np.ones((2, 1))}, "β", "nats")


def test_training_curves_show_every_seed_and_write_the_last_mean():
    values = np.array([[-9.0, -7.0, -8.0], [-2.0, -4.0, -3.0]])
    figure = plots.elbo_terms(np.array([0, 10]), {"ELBO": values, "KL": -values})
    assert [len(ax.lines) for ax in figure.axes] == [5, 5]  # three seeds, mean, end point
    assert [ax.texts[0].get_text() for ax in figure.axes] == ["−3.0", "3.0"]
    assert "from -8.0 to -3.0 nats (seeds -4.0 to -2.0)" in plots.conclusion(figure)


def test_training_curves_name_the_series_that_does_not_fit():
    with pytest.raises(ValueError, match=r"kl has shape \(3, 2\).*expected \(2, number of seeds\)"):
        plots.elbo_terms(np.array([0, 1]), {"kl": np.ones((3, 2))})


def test_image_rows_reports_the_error_of_the_reconstruction():
    images = np.full((5, 4, 4), 0.5)
    figure = plots.image_rows({"originals": images, "reconstructions": images + 0.25})
    assert "0.25 a pixel" in plots.conclusion(figure)
    assert len(figure.axes) == 10


def test_image_rows_refuses_rows_of_different_shape():
    with pytest.raises(ValueError, match="differ in shape"):
        plots.image_rows({"a": np.zeros((2, 4, 4)), "b": np.zeros((3, 4, 4))})


def test_image_grid_shows_every_image():
    figure = plots.image_grid(np.random.default_rng(0).random((13, 4, 4)))
    assert sum(len(ax.images) for ax in figure.axes) == 13


def test_shown_figure_carries_its_conclusion_as_alternative_text():
    figure = plots.spread((0, 1), {"a": np.ones((2, 1))}, 'β "odd" <name>', "nats")
    html = plots.show(figure, caption="a & b").data
    assert 'alt="As β &quot;odd&quot; &lt;name&gt; goes' in html
    assert "<figcaption>a &amp; b</figcaption>" in html


def test_shown_figure_is_a_png_of_twice_the_css_width():
    figure = plots.image_grid(np.zeros((4, 4, 4)))
    html = plots.show(figure).data
    png = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])
    assert png.startswith(b"\x89PNG")
    pixels, css = int.from_bytes(png[16:20], "big"), int(re.search(r"width:(\d+)px", html)[1])
    assert pixels == pytest.approx(2 * css, abs=2)


def test_figure_without_a_conclusion_is_not_shown():
    with pytest.raises(ValueError, match=r"plots\.describe"):
        plots.show(Figure())


def test_drawing_leaves_the_readers_matplotlib_settings_alone():
    before = dict(matplotlib.rcParams)
    plots.spread((0, 1), {"a": np.ones((2, 1))}, "β", "nats")
    assert dict(matplotlib.rcParams) == before
