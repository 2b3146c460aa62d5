"""The same samples through the disent package's metrics: the same values, or the reason why not.

disent (PyPI) is no dependency of this project. These tests run where it is installed, in an
environment of their own on Python 3.12 or newer; CONTRIBUTING.md says how. It has no BetaVAE score
and no Modularity; those are compared with the implementations in `tests/oracles`.
"""

from types import SimpleNamespace

import numpy as np
import pytest
from codes_of_known_quality import SIZES, changed, padded, rotated
from scipy.stats import ortho_group

from dvae_course.metrics import dci, factorvae_score, noise, perfect
from dvae_course.metrics import mutual_information_score_from_codes as mutual_information_score
from dvae_course.metrics import total_correlation_from_codes as total_correlation
from dvae_course.metrics import wasserstein_dependence_from_codes as wasserstein_dependence
from dvae_course.metrics.dci import dci_completeness, dci_from_split, dci_informativeness
from dvae_course.metrics.mig import mig_from_samples
from dvae_course.metrics.sap import sap_from_split
from dvae_course.metrics.split import Split

pytest.importorskip("disent", reason="an optional peer, see CONTRIBUTING.md")
from disent.metrics import _dci, _mig, _sap, _unsupervised, metric_factor_vae, utils

CODES = {
    "rotated": rotated(SIZES["SmallNORB"], 0),
    "noise": noise(SIZES["faces"], 5),
    "perfect": perfect(SIZES["dSprites"]),
}


@pytest.mark.parametrize("name", CODES)
def test_mig_is_theirs_on_the_same_sample(name):
    factors, codes = CODES[name].sample(4_000)
    theirs = _mig._compute_mig(codes.T, factors.T)["mig.discrete_score"]
    assert mig_from_samples(factors, codes).value == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("name", ["rotated", "noise"])
def test_sap_is_theirs_up_to_a_prediction_in_each_cell(name):
    split = Split.drawn(CODES[name], n_train=2_000, n_test=1_000)
    parts = (split.train_codes, split.train_factors, split.test_codes, split.test_factors)
    theirs = _sap._compute_score_matrix(*(part.T for part in parts), continuous_factors=False)
    ours = sap_from_split(split).tables["predictability"]
    assert np.abs(ours - theirs).max() <= 1 / 1_000 + 1e-12


@pytest.mark.parametrize("name", CODES)
def test_the_unsupervised_scores_are_theirs(name):
    codes = CODES[name].sample(4_000)[1]
    covariance = np.cov(codes.T)
    theirs = _unsupervised._gaussian_total_correlation(covariance)
    assert total_correlation(codes).value == pytest.approx(theirs, abs=1e-9)
    theirs = _unsupervised._gaussian_wasserstein_correlation(covariance)
    assert wasserstein_dependence(codes).value == pytest.approx(theirs, abs=1e-6)
    binned = utils.histogram_discretize(codes.T, num_bins=20)
    theirs = utils.discrete_mutual_info(binned, binned)
    np.fill_diagonal(theirs, 0)
    ours = mutual_information_score(codes).tables["mutual_information"]
    np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_the_total_correlation_of_a_dead_code_is_nan_in_theirs_and_left_out_in_ours():
    codes = rotated(SIZES["faces"], 0).sample(1_000)[1]
    dead = np.hstack([codes, np.zeros((1_000, 1))])
    with np.errstate(all="ignore"):
        theirs = _unsupervised._gaussian_total_correlation(np.cov(dead.T))
    assert np.isnan(theirs)
    assert total_correlation(dead).value == pytest.approx(total_correlation(codes).value)


def test_dci_is_theirs_up_to_the_order_in_which_trees_break_ties():
    split = Split.drawn(rotated((4, 3), 0), n_train=600, n_test=300)
    parts = (split.train_codes, split.train_factors, split.test_codes, split.test_factors)
    theirs = _dci._compute_dci(*(part.T for part in parts))  # draws no random_state
    ours = dci_from_split(split, progress=False)
    assert ours.value == pytest.approx(theirs["dci.disentanglement"], abs=0.01)
    assert dci_completeness(ours).value == pytest.approx(theirs["dci.completeness"], abs=0.01)
    informativeness = dci_informativeness(ours).value
    assert informativeness == pytest.approx(theirs["dci.informativeness_test"], abs=0.01)


def test_a_dead_code_raises_their_completeness_and_leaves_ours():
    code = rotated((4, 3), 0)
    parts = {
        name: dci(c, n_train=600, n_test=300, progress=False)
        for name, c in {"live": code, "dead": padded(code, 4)}.items()
    }
    theirs = {name: _dci._completeness(s.tables["importances"]) for name, s in parts.items()}
    ours = {name: dci_completeness(s).value for name, s in parts.items()}
    assert theirs["dead"] > theirs["live"] + 0.1  # the base of its logarithm counts dead codes
    assert ours["dead"] == pytest.approx(ours["live"], abs=1e-9)


def as_dataset(representation):
    """What their metric asks of a data set; an "observation" is the combination of factors."""
    rng = np.random.default_rng(0)
    return SimpleNamespace(
        gt_data=SimpleNamespace(
            num_factors=len(representation.factor_sizes),
            sample_factors=lambda n: representation.sample_factors(n, rng),
        ),
        dataset_batch_from_factors=lambda factors, mode: factors,
        dataset_sample_batch=lambda n, mode: representation.sample_factors(n, rng),
    )


def theirs_by_votes(representation) -> list[float]:
    np.random.seed(0)  # noqa: NPY002 they draw the factor to hold from the global generator
    return [
        metric_factor_vae(as_dataset(representation), representation.encode, 64, 2_000, 1_000)[
            "factor_vae.eval_accuracy"
        ]
        for _ in range(3)
    ]


def ours_by_votes(representation, threshold: float) -> list[float]:
    return [
        factorvae_score(representation, seed, 2_000, 1_000, threshold=threshold).value
        for seed in range(3)
    ]


def test_factorvae_score_is_theirs_where_no_code_is_nearly_dead():
    code = rotated(SIZES["SmallNORB"], 0)
    expected = np.mean(theirs_by_votes(code))
    assert np.mean(ours_by_votes(code, 0.05)) == pytest.approx(expected, abs=0.03)


def test_codes_that_hardly_vary_vote_in_theirs_and_are_pruned_in_the_studys():
    # faint perfect codes beside entangled ones: without the threshold they win every vote
    code = changed(
        perfect(SIZES["SmallNORB"]),
        lambda z: np.hstack([z @ ortho_group.rvs(4, random_state=0), 1e-3 * z]),
    )
    theirs = np.mean(theirs_by_votes(code))
    assert theirs == pytest.approx(np.mean(ours_by_votes(code, 0.0)), abs=0.03)
    assert theirs > np.mean(ours_by_votes(code, 0.05)) + 0.03
