"""Heat maps of the metrics' tables: the numbers drawn are those of the scores."""

from functools import partial

import numpy as np
import pytest

from dvae_course import metrics, plots
from dvae_course.metrics.faulty_codes import linear_code, turned
from dvae_course.plots.measuring import metric_tables, tables_and_scores

FACTORS = ("shape", "x", "y")
FEW = {"n_train": 200, "n_test": 100}
SIX = {
    "BetaVAE": partial(metrics.betavae_score, **FEW),
    "FactorVAE": partial(metrics.factorvae_score, **FEW),
    "MIG": partial(metrics.mig, n=5000),
    "DCI": partial(metrics.dci, **FEW, estimator="tree", progress=False),
    "Modularity": partial(metrics.modularity, n=5000),
    "SAP": partial(metrics.sap, **FEW),
}


def scores(A, seed=0):
    return {name: metric(linear_code(A), seed=seed) for name, metric in SIX.items()}


@pytest.fixture(scope="module")
def perfect():
    return scores(np.eye(3))


@pytest.fixture(scope="module")
def bounds(perfect):
    return {name: metrics.calibrated(score, repeats=2) for name, score in perfect.items()}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_each_table_is_drawn_with_its_score_and_its_terms(perfect):
    figure = metric_tables(np.eye(3), perfect, FACTORS)
    what, differences, votes, information, importance, accuracy = figure.axes
    assert texts(what) == ["1.00", ".00", ".00", ".00", "1.00", ".00", ".00", ".00", "1.00"]
    assert differences.get_title() == "differences\nBetaVAE 1.00"
    assert texts(votes) == [str(n) for n in perfect["FactorVAE"].tables["votes"].ravel()]
    assert texts(information)[9:] == ["1.00"] * 3  # of each code, by Modularity
    assert [t.get_text() for t in information.get_xticklabels()] == [f"{f}\n1.00" for f in FACTORS]
    assert texts(importance)[9:] == ["1.00"] * 3
    gap = perfect["SAP"].tables["gap"][0]
    assert accuracy.get_xticklabels()[0].get_text() == f"shape\n{gap:.2f}".replace("0.", ".")


def test_the_conclusion_names_the_factor_that_each_code_stands_for(perfect):
    text = plots.conclusion(metric_tables(np.eye(3), perfect, FACTORS))
    assert "MIG 1.00" in text and "votes (shape, x, y)" in text
    dropped = np.diag([1.0, 1.0, 0.0])
    assert "|A| (shape, x, –)" in plots.conclusion(metric_tables(dropped, scores(dropped), FACTORS))


def test_bars_run_to_the_mean_and_tracks_from_floor_to_ceiling(perfect, bounds):
    runs = [scores(turned(15), seed) for seed in (0, 1)]
    figure = tables_and_scores(runs, bounds, FACTORS, "turned by 15°")
    bars = figure.axes[-1].patches
    mean = np.mean([run["MIG"].value for run in runs])
    assert bars[5].get_width() == pytest.approx(mean)
    edges = bars[4].get_x(), bars[4].get_x() + bars[4].get_width()
    assert edges == pytest.approx((bounds["MIG"].floor, bounds["MIG"].ceiling))
    assert len(figure.axes) == 5
    assert plots.conclusion(figure).startswith("turned by 15°: BetaVAE 1.00")


def test_other_scores_and_nameless_factors_are_refused(perfect, bounds):
    four = {name: perfect[name] for name in ("MIG", "DCI", "SAP", "BetaVAE")}
    with pytest.raises(ValueError, match=r"expected the scores BetaVAE, .*; got MIG, DCI"):
        metric_tables(np.eye(3), four, FACTORS)
    with pytest.raises(ValueError, match="3 factors, but 2 have names: shape, x"):
        tables_and_scores([perfect], bounds, FACTORS[:2], "")
