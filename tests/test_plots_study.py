"""Pictures of the study: every model drawn, gaps told, the text says the numbers."""

import numpy as np
import polars
import pytest
from study_frames import GRIDS, SIX, frame_of, six_metrics

from dvae_course.plots import correlations as tables
from dvae_course.plots import study as plots
from dvae_course.plots import summaries
from dvae_course.plots.names import METHODS, in_order, label
from dvae_course.plots.style import conclusion
from dvae_course.study.agreement import rank_correlations
from dvae_course.study.published import dci_transfer, noisy_dsprites_metrics
from dvae_course.study.tables import of
from dvae_course.study.transfer import transfer
from dvae_course.study.variance import variance_explained

METRICS = six_metrics(seeds=4)
STUDY = polars.concat(
    [frame_of({**METRICS, "total_correlation": np.exp(METRICS["mig"])}, data_set)
     for data_set in ("dsprites", "cars3d")]
)  # fmt: skip
MODELS = of(STUDY, "dsprites")


def drawn(ax) -> int:
    """How many dots the lines of an axes hold."""
    return sum(len(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "None")


def test_every_model_is_a_dot_in_the_slides_order_of_methods():
    figure = plots.violins(MODELS, "mig")
    ax = figure.axes[0]
    assert drawn(ax) == 144
    assert [text.get_text() for text in ax.get_xticklabels()] == list(METHODS.values())
    first = ax.lines[0].get_ydata()
    assert sorted(first) == pytest.approx(sorted(METRICS["mig"][:6].ravel()))


def test_violins_of_one_methods_strengths_are_in_order():
    figure = plots.violins(
        MODELS.filter(polars.col("method") == "factor_vae"), "mig", by="strength"
    )
    labels = [float(text.get_text()) for text in figure.axes[0].get_xticklabels()]
    assert labels == list(GRIDS["factor_vae"])


def test_models_without_a_score_are_not_drawn_and_counted_in_the_text():
    holes = polars.when(polars.col("seed") == 0).then(None).otherwise(polars.col("mig"))
    figure = plots.violins(MODELS.with_columns(mig=holes), "mig")
    assert drawn(figure.axes[0]) == 108
    assert "36 models without a score are not shown" in conclusion(figure)


def test_strengths_run_from_weak_to_strong_capacities_downwards():
    figure = plots.against_strength(MODELS, {"MIG": "mig"}, "MIG")
    ticks = {
        ax.get_title(): [float(text.get_text()) for text in ax.get_xticklabels()]
        for ax in figure.axes
    }
    assert ticks["AnnealedVAE"] == [100, 75, 50, 25, 10, 5]
    assert ticks["β-VAE"] == [1, 2, 4, 6, 8, 16]
    assert sum(drawn(ax) for ax in figure.axes) == 144


def test_no_dot_is_cut_off_where_panels_share_an_axis():
    figure = plots.against_strength(MODELS, {"TC": "total_correlation"}, "TC", log=True)
    low, high = figure.axes[0].get_ylim()
    values = MODELS["total_correlation"]
    assert low < values.min() and values.max() < high
    assert all(ax.get_yscale() == "log" and ax.get_ylim() == (low, high) for ax in figure.axes)


def test_the_text_says_how_each_method_goes_from_weak_to_strong():
    text = conclusion(plots.against_strength(MODELS, {"MIG": "mig"}, "MIG"))
    first, last = METRICS["mig"][:6].mean(axis=1)[[0, -1]]
    verb = "rises" if last > first else "falls"
    assert f"β-VAE {verb} from {first:.3g} to {last:.3g}" in text


def test_a_scatter_has_every_model_and_its_rank_correlation():
    figure = plots.scatter_of_models(MODELS, "mig", "sap")
    rho = rank_correlations(MODELS, ["mig"], ["sap"], resamples=100).values.item() / 100
    assert drawn(figure.axes[0]) == 144
    assert f"SAP rises with MIG over 144 models: rank correlation {rho:.2f}" in conclusion(figure)


def test_shares_of_variance_fill_the_bar():
    figure = summaries.variance_shares(variance_explained(MODELS, ["mig", "sap"], resamples=100))
    bars = figure.axes[0].patches
    ends = [max(bar.get_x() + bar.get_width() for bar in bars[row::2]) for row in (0, 1)]
    assert ends == pytest.approx([1, 1])
    assert conclusion(figure).startswith("The seed explains from ")


def test_intervals_are_drawn_from_low_to_high_beside_the_reference():
    table = polars.DataFrame(
        {"way": ["udr", "kl"], "p": [0.7, 0.5], "l": [0.6, 0.4], "h": [0.8, 0.6]}
    )
    figure = summaries.intervals(table, "way", {"chance": ("p", "l", "h")}, "chance to win", 0.5)
    segments = figure.axes[0].collections[0].get_segments()
    np.testing.assert_allclose([segment[:, 0] for segment in segments], [[0.6, 0.8], [0.4, 0.6]])
    assert "beside 0.5. UDR 0.70 (0.60 to 0.80), KL 0.50 (0.40 to 0.60)." in conclusion(figure)


def test_two_tables_stand_side_by_side_with_our_intervals_in_the_cells():
    ours = rank_correlations(MODELS, resamples=100)
    figure = tables.correlation_tables({"here": ours, "published": noisy_dsprites_metrics()})
    left, right = ([text.get_text() for text in ax.texts] for ax in figure.axes)
    assert f"{ours.low[0, 1]:.0f} … {ours.high[0, 1]:.0f}".replace("-", "−") in left
    assert right.count("80") == 2 and right.count("−8") == 2
    text = conclusion(figure)
    assert "published: rank correlations × 100 from -8 (DCI disentanglement and Modularity)" in text
    assert "to 80 (BetaVAE score and FactorVAE score)" in text


def test_a_transfer_matrix_shows_ceilings_and_each_data_set_with_itself():
    found = transfer(STUDY, "mig", resamples=100, splits=5)
    figure = tables.transfer_matrix(found, dci_transfer().only(found.correlations.rows))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("two halves") == 2
    assert any(f"≤ {found.ceiling[0, 1]:.0f}" in text for text in texts)
    assert f"{found.halves[0, 0]:.0f}" in texts
    assert "36 settings most alike on dSprites and Cars3D" in conclusion(figure)


def test_tables_of_other_names_are_refused():
    part = rank_correlations(MODELS, SIX[:2], resamples=100)
    with pytest.raises(ValueError, match="same rows and columns"):
        tables.correlation_tables({"here": part, "published": noisy_dsprites_metrics()})


def test_missing_columns_and_empty_scores_are_refused():
    with pytest.raises(ValueError, match="no column 'udr'; it has data_set"):
        plots.violins(MODELS, "udr")
    with pytest.raises(ValueError, match="no model has a number in mig"):
        plots.violins(MODELS.with_columns(mig=polars.lit(float("nan"))), "mig")


def test_unknown_names_are_written_as_words_and_stand_last():
    assert label("trees_efficiency") == "trees efficiency" and label(16.0) == "16"
    assert in_order(["my_vae", "annealed_vae", "beta_vae"]) == [
        "beta_vae",
        "annealed_vae",
        "my_vae",
    ]
