"""Traversals: equal steps of probability, one latent at a time, drawn and animated as they are."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from PIL import Image
from scipy.stats import norm

from dvae_course import plots
from dvae_course.datasets import DSprites
from dvae_course.gaussians import DiagonalGaussian
from dvae_course.priors import StudentT
from dvae_course.traversals import Aggregate, moved, round_trip, there_and_back, traverse
from dvae_course.vae import conv_vae, mlp_vae

SMALL = DSprites(side=16)
PICTURES = SMALL.observe(SMALL.sample_factors(200, seed=1))
PASSIVE = 2  # of `vae_with_a_passive_latent`


def vae_with_a_passive_latent(**options):
    """A VAE whose latent 2 knows nothing of the picture and changes nothing in it."""
    vae = mlp_vae(256, 4, (16,), initial_log_var=-2.0, **options)
    with torch.no_grad():
        for name in ("mu", "log_var"):
            head = getattr(vae.encoder.head, name)
            head.weight[:, PASSIVE] = 0
        vae.encoder.head.log_var.bias[PASSIVE] = 2.0
        vae.decoder.body.layers[0].weight[PASSIVE] = 0
    return vae


def test_the_aggregate_has_the_moments_of_samples_of_all_posteriors():
    rng = np.random.default_rng(0)
    mu, log_var = (torch.from_numpy(rng.normal(size=(50, 3))) for _ in range(2))
    posterior = DiagonalGaussian(mu, log_var)
    aggregate = Aggregate.of(posterior)
    samples = mu + posterior.scale * torch.from_numpy(rng.normal(size=(20_000, 50, 3)))
    np.testing.assert_allclose(aggregate.mean, samples.mean((0, 1)), atol=0.01)
    np.testing.assert_allclose(aggregate.scale, samples.std((0, 1)), rtol=0.01)


def test_steps_are_equal_in_probability_and_the_ends_are_clipped():
    result = traverse(vae_with_a_passive_latent(), PICTURES, steps=11)
    np.testing.assert_allclose(np.diff(result.u[:, 1:-1]), 0.1)
    assert set(result.u[:, 0]) == {0.001}
    assert set(result.u[:, -1]) == {0.999}


@given(st.floats(0.001, 0.999), st.floats(-5, 5), st.floats(0.01, 10))
def test_a_share_u_of_the_fitted_gaussian_lies_below_its_quantile(u, mean, scale):
    aggregate = Aggregate(np.array([mean]), np.array([scale]))
    z = aggregate.quantiles(np.array([[u]]))
    assert norm.cdf(z[0, 0], mean, scale) == pytest.approx(u, abs=1e-9)
    assert aggregate.probabilities(z[:, 0])[0] == pytest.approx(u, abs=1e-9)


@given(st.floats(0, 1), st.integers(2, 60))
def test_there_and_back_starts_at_the_base_reaches_both_ends_and_closes_in_equal_steps(
    start, steps
):
    u = there_and_back(np.array([start]), steps)[0]
    step = 2 / steps
    assert u[0] == pytest.approx(start)
    assert u.min() >= 0
    assert u.max() <= 1
    assert u.min() <= step
    assert u.max() >= 1 - step
    loop = np.append(u, u[0])
    turned = (loop[:-1] < step) | (loop[:-1] > 1 - step)
    np.testing.assert_allclose(np.abs(np.diff(loop))[~turned], step, atol=1e-9)
    assert (np.abs(np.diff(loop)) <= step + 1e-9).all()


def test_only_the_moving_coordinate_leaves_the_base_code():
    code, z = np.array([1.0, 2.0, 3.0]), np.arange(12.0).reshape(3, 4)
    codes = moved(code, z)
    for j in range(3):
        np.testing.assert_array_equal(codes[j, :, j], z[j])
        others = np.delete(codes[j], j, axis=1)
        np.testing.assert_array_equal(others, np.tile(np.delete(code, j), (4, 1)))


def test_each_picture_is_the_decoded_base_code_with_one_latent_replaced():
    vae = vae_with_a_passive_latent()
    result = traverse(vae, PICTURES, base=5, steps=4)
    code = vae.encode(PICTURES[5:6].flatten(1)).mu.detach().repeat(4, 1)
    for row, latent in enumerate(result.latents):
        changed = code.clone()
        changed[:, latent] = torch.from_numpy(result.z[row])
        expected = vae.decode(changed).detach().numpy().reshape(4, 1, 16, 16)
        np.testing.assert_allclose(result.images[row], expected, atol=1e-6)
        assert result.base_code[row] == pytest.approx(code[0, latent].item(), abs=1e-6)
    whole = vae.decode(code[:1]).detach().numpy().reshape(1, 16, 16)
    np.testing.assert_allclose(result.base, whole, atol=1e-6)


def test_rows_come_by_decreasing_kl_and_the_passive_one_is_last_and_constant():
    result = traverse(vae_with_a_passive_latent(), PICTURES)
    assert (np.diff(result.kl) <= 0).all()
    assert result.passive.tolist() == [False, False, False, True]
    assert result.latents[-1] == PASSIVE
    assert np.ptp(result.images[-1], axis=0).max() == 0
    assert (np.ptp(result.images[:-1], axis=1).max(axis=(1, 2, 3)) > 0.01).all()
    assert result.labels[-1] == "z₂ (0.00 nats)"


def test_the_first_picture_of_a_round_trip_is_the_base_in_every_row():
    result = round_trip(vae_with_a_passive_latent(), PICTURES, base=7, steps=12)
    np.testing.assert_allclose(result.u[:, 0], result.base_u)
    np.testing.assert_allclose(result.images[:, 0], np.tile(result.base, (4, 1, 1, 1)), atol=1e-6)
    assert result.images.shape == (4, 12, 1, 16, 16)


def test_pictures_may_be_flat_where_their_shape_is_given_and_give_the_same():
    vae = vae_with_a_passive_latent()
    shaped = traverse(vae, PICTURES, steps=3)
    flat = traverse(vae, PICTURES.flatten(1), steps=3, image_shape=(1, 16, 16))
    np.testing.assert_array_equal(shaped.images, flat.images)


def test_convolutional_vaes_of_colour_pictures_are_traversed_too():
    data = DSprites("color")
    pictures = data.observe(data.sample_factors(20))
    assert traverse(conv_vae(3, latent_dim=2), pictures, steps=3).images.shape == (2, 3, 3, 64, 64)


def test_a_prior_without_closed_form_and_full_covariances_can_be_traversed():
    vae = vae_with_a_passive_latent(prior=StudentT(4, nu=5.0), posterior="full")
    assert traverse(vae, PICTURES, steps=3).latents[-1] == PASSIVE


def test_what_cannot_be_traversed_is_refused_with_what_was_passed():
    vae = vae_with_a_passive_latent()
    with pytest.raises(ValueError, match="steps must be at least 2, got 1"):
        traverse(vae, PICTURES, steps=1)
    with pytest.raises(ValueError, match="0 to 199, got 200"):
        round_trip(vae, PICTURES, base=200)
    with pytest.raises(ValueError, match=r"shape \(256,\).*pass image_shape"):
        traverse(vae, PICTURES.flatten(1))
    with pytest.raises(ValueError, match=r"\(256,\), got \(1, 8, 8\)"):
        traverse(vae, PICTURES.flatten(1), image_shape=(1, 8, 8))


def pictures_that_change(amounts, steps=6, channels=1):
    """One row an amount, brightness rising from 0 to that amount."""
    ramp = np.linspace(0, 1, steps)[:, None, None, None] * np.ones((channels, 8, 8))
    return np.stack([amount * ramp for amount in amounts])


def test_the_grid_says_which_rows_change_most_and_which_are_passive():
    images = pictures_that_change([0.1, 0.9, 0.5, 0.3, 0.0])
    passive = np.array([False] * 4 + [True])
    figure = plots.traversal_grid(images, list("abcde"), passive)
    exact = 0.9 * np.linspace(0, 1, 6).std()
    assert f"changes most with b by {exact:.3f}, c by" in plots.conclusion(figure)
    assert "Passive: e." in plots.conclusion(figure)
    assert [t.get_text() for t in figure.axes[0].texts] == ["passive"]
    assert "Passive: none." in plots.conclusion(plots.traversal_grid(images, list("abcde")))


def test_the_grid_draws_every_picture_and_marks_the_base_where_it_is_among_the_columns():
    images, u = pictures_that_change([1.0, 0.5]), np.linspace(0, 1, 6)
    passive = np.array([False, True])
    figure = plots.traversal_grid(images, ["a", "b"], passive, u, base_u=np.array([0.5, 0.2]))
    axes = figure.axes[0]
    assert len(axes.images) == 12
    x = axes.lines[0].get_xdata()
    left, right = axes.images[2].get_extent()[:2], axes.images[3].get_extent()[:2]
    assert x[0] == pytest.approx((np.mean(left) + np.mean(right)) / 2)
    assert np.isnan(x[1])
    assert sorted(t.get_text() for t in axes.texts) == ["passive", "▲ base"]
    assert [t.get_text() for t in axes.get_xticklabels()][:2] == ["0%", "20%"]


def test_bright_grey_pixels_are_drawn_as_ink_and_colours_as_they_are():
    grey = plots.traversal_grid(pictures_that_change([1.0], steps=2), ["a"])
    last = grey.axes[0].images[-1].get_array()
    assert to_hex(last[0, 0]) == "#000000"
    red = np.zeros((1, 2, 3, 8, 8))
    red[:, :, 0] = 1
    colour = plots.traversal_grid(red, ["a"])
    assert to_hex(colour.axes[0].images[0].get_array()[0, 0]) == "#ff0000"


def test_the_grid_names_what_does_not_fit():
    images = pictures_that_change([1.0, 0.5])
    with pytest.raises(ValueError, match="labels has 1 entries for 2 rows"):
        plots.traversal_grid(images, ["a"])
    with pytest.raises(ValueError, match="u has 5 values for 6 columns"):
        plots.traversal_grid(images, ["a", "b"], u=np.linspace(0, 1, 5))
    with pytest.raises(ValueError, match="pass u too"):
        plots.traversal_grid(images, ["a", "b"], base_u=np.zeros(2))
    with pytest.raises(ValueError, match=r"1 or 3 channels.*\(1, 6, 2, 8, 8\)"):
        plots.traversal_grid(pictures_that_change([1.0], channels=2), ["a"])


@pytest.mark.parametrize("channels", [1, 3])
def test_the_animation_has_a_frame_a_step_that_shows_that_step_and_runs_for_ever(
    tmp_path, channels
):
    images = pictures_that_change([1.0, 0.5, 0.2], channels=channels)
    path = plots.save_gif(images, tmp_path / "moving.gif", ["a", "b", "c"], milliseconds=80)
    with Image.open(path) as gif:
        assert gif.n_frames == 6
        assert gif.info["loop"] == 0
        for step in range(6):
            gif.seek(step)
            assert gif.info["duration"] == 80
            shade = gif.convert("L").getpixel((50, 50))
            value = images[0, step, 0, 0, 0]
            assert shade == pytest.approx(255 * (1 - value if channels == 1 else value), abs=3)


def test_the_animation_enlarges_each_pixel_to_a_square(tmp_path):
    image = np.zeros((1, 2, 1, 16, 16))
    image[0, 1, 0, 3, 5] = 1
    with Image.open(plots.save_gif(image, tmp_path / "one.gif")) as gif:
        gif.seek(1)
        dark = np.asarray(gif.convert("L")) < 50
    assert dark.sum() == 7 * 7
    rows, columns = np.nonzero(dark)
    assert (rows.min(), columns.min()) == (8 + 3 * 7, 8 + 5 * 7)


def test_the_animation_refuses_what_it_cannot_save(tmp_path):
    images = pictures_that_change([1.0])
    with pytest.raises(ValueError, match=r"'moving\.mp4'"):
        plots.save_gif(images, tmp_path / "moving.mp4")
    with pytest.raises(ValueError, match="at least 20, got 10"):
        plots.save_gif(images, tmp_path / "moving.gif", milliseconds=10)
    with pytest.raises(ValueError, match="labels has 2 entries for 1 rows"):
        plots.save_gif(images, tmp_path / "moving.gif", ["a", "b"])
    assert not list(tmp_path.iterdir())
