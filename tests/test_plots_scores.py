"""The picture of calibrated scores: floors, ceilings and raw values where they belong."""

import pytest

from dvae_course import plots
from dvae_course.metrics import Calibrated

SCORES = [
    Calibrated("mig", 0.45, (0.0, 0.01, 0.02), (0.89, 0.9, 0.91)),
    Calibrated("modularity", 0.6, (0.65, 0.66, 0.67), (1.0, 1.0, 1.0)),
]


def test_the_track_runs_from_floor_to_ceiling_and_the_bar_to_the_raw_score():
    bars = plots.calibrated_scores(SCORES).axes[0].patches
    edges = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in bars]
    assert edges[0] == pytest.approx((0.01, 0.9)) and edges[1] == pytest.approx((0, 0.45))
    assert edges[2] == pytest.approx((0.66, 1.0)) and edges[3] == pytest.approx((0, 0.6))


def test_every_seed_of_noise_and_perfection_is_drawn():
    lines = plots.calibrated_scores(SCORES).axes[0].lines
    assert sorted(lines[0].get_xdata()) == [0.0, 0.01, 0.02, 0.89, 0.9, 0.91]


def test_the_text_says_each_score_with_its_bounds():
    text = plots.conclusion(plots.calibrated_scores(SCORES, ["gap", "purity"]))
    assert "gap 0.45 lies between 0.01 for noise and 0.90 for a perfect code" in text
    assert "purity 0.60" in text and "so -0.18 calibrated" in text


@pytest.mark.parametrize(("scores", "names"), [(SCORES, ["one"]), ([], [])])
def test_names_that_do_not_fit_are_refused(scores, names):
    with pytest.raises(ValueError, match=f"{len(names)} names for {len(scores)} scores"):
        plots.calibrated_scores(scores, names)
