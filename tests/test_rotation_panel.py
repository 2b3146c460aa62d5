"""Promises of the rotation panel: its numbers are the theory's, place by place."""

import math

import pytest
import torch

from dvae_course import plots
from dvae_course.gaussians import DiagonalGaussian, kl
from dvae_course.theory.rotation import plane_rotation
from dvae_course.widgets.rotation import rotation_panel, turned_posterior


@pytest.fixture
def live(monkeypatch):
    monkeypatch.delenv("DVAE_STATIC_PAGE", raising=False)


def best_by_search(degrees, variances):
    """The least KL(d‖q) over the diagonal Gaussians d, found by gradient descent."""
    q = DiagonalGaussian(torch.zeros(1, 2).double(), torch.tensor([variances]).double().log())
    q = q.rotated(plane_rotation(math.radians(degrees)))
    log_var = torch.full((1, 2), -2.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_var], max_iter=100, line_search_fn="strong_wolfe")

    def loss():
        optimiser.zero_grad()
        value = kl(DiagonalGaussian(torch.zeros(1, 2).double(), log_var), q).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return loss().item()


@pytest.mark.parametrize("degrees", [15, 45, 70])
@pytest.mark.parametrize("variances", [(0.01, 0.3), (0.9, 0.1)])
def test_the_price_on_show_is_the_best_that_a_search_finds(degrees, variances):
    text = plots.conclusion(turned_posterior(degrees, variances))
    assert f"loses {best_by_search(degrees, variances):.3f} nats" in text


def test_equal_variances_are_free_at_every_angle():
    assert "every angle is free" in plots.conclusion(turned_posterior(45, (0.2, 0.2)))


def test_each_place_of_the_sliders_has_its_own_posterior(live):
    panel = rotation_panel("Which?", (15, 45), (0.01, 0.1, 0.3), start=(1, 0))
    conclusions = panel.data["conclusions"]
    assert [text.split(",")[0] for text in conclusions] == 3 * ["Turned by 15°"] + 3 * [
        "Turned by 45°"
    ]
    assert "loses 0.506 nats" in conclusions[0] and "loses 1.040 nats" in conclusions[3]
    assert all("every angle is free" in conclusions[i] for i in (2, 5))
    assert panel.data["start"] == [1, 0]


def test_the_page_opens_at_the_picture_of_the_text(monkeypatch):
    monkeypatch.setenv("DVAE_STATIC_PAGE", "1")
    html = rotation_panel("Which?", (30, 45), (0.01,), start=(0, 0))._repr_html_()
    still = html[html.index("<noscript>") :]
    assert "Turned by 30°" in still and "Turned by 45°" not in still


@pytest.mark.parametrize(
    ("degrees", "variances", "message"),
    [
        (91, (0.1, 0.2), "degrees must be from 0 to 90, got 91"),
        (30, (0.1,), r"two positive numbers, got \[0.1\]"),
        (30, (0.1, 0.0), r"two positive numbers, got \[0.1, 0.0\]"),
    ],
)
def test_what_cannot_be_drawn_is_refused(degrees, variances, message):
    with pytest.raises(ValueError, match=message):
        turned_posterior(degrees, variances)
