"""The study's table: what is taken, what is left out and counted, what is refused."""

import numpy as np
import polars
import pytest
from study_frames import SETTINGS, frame_of, six_metrics

from dvae_course.study.tables import complete, of, with_regularisation


def study() -> polars.DataFrame:
    metrics = six_metrics(seeds=3)
    sampled = {name: values - 1 for name, values in metrics.items()}
    return polars.concat(
        [
            frame_of(values, data_set, representation)
            for data_set in ("dsprites", "cars3d")
            for representation, values in (("mean", metrics), ("sampled", sampled))
        ]
    )


def test_one_row_a_model_with_the_scores_of_its_samples_beside():
    models = of(study(), "cars3d", sampled=["mig"])
    assert models.height == 36 * 3
    assert models["representation"].unique().to_list() == ["mean"]
    np.testing.assert_allclose(models["mig_sampled"], models["mig"] - 1)


def test_the_models_of_samples_can_be_had_themselves():
    assert of(study(), "dsprites", "sampled")["mig"].mean() == pytest.approx(
        of(study(), "dsprites")["mig"].mean() - 1
    )


def test_models_are_sorted_by_setting_and_their_settings_numbered():
    models = complete(of(study(), "dsprites").sample(fraction=1, shuffle=True, seed=1), ["mig"])
    assert models.settings.tolist() == np.repeat(np.arange(36), 3).tolist()
    assert models.seeds.tolist() == [0, 1, 2] * 36
    assert models.frame.select("method", "strength").unique().height == 36


@pytest.mark.parametrize("bad", [None, float("nan"), float("inf")])
def test_models_without_a_number_are_left_out_and_counted(bad):
    models = of(study(), "dsprites").with_row_index()
    holes = polars.when(polars.col("index") == 4).then(bad).otherwise(polars.col("mig"))
    found = complete(models.with_columns(mig=holes), ["mig", "sap"])
    assert (found.dropped, found.frame.height) == (1, 107)


def test_failed_models_are_left_out_and_counted_though_they_have_numbers():
    models = of(study(), "dsprites").with_columns(
        failed=(polars.col("method") == "beta_vae") & (polars.col("seed") == 0)
    )
    assert complete(models, ["mig"]).dropped == 6


def test_the_largest_capacity_is_the_weakest_regularisation():
    ordered = with_regularisation(polars.DataFrame(SETTINGS, ["method", "strength"], orient="row"))
    order = {(method, strength): rank for method, strength, rank in ordered.rows()}
    assert [order["annealed_vae", float(c)] for c in (100, 75, 50, 25, 10, 5)] == [1, 2, 3, 4, 5, 6]
    assert [order["beta_vae", float(beta)] for beta in (1, 2, 4, 6, 8, 16)] == [1, 2, 3, 4, 5, 6]


def test_an_unknown_data_set_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match="no data_set 'mpi3d'; choose from 'dsprites', 'cars3d'"):
        of(study(), "mpi3d")


def test_a_missing_representation_is_refused():
    means = study().filter(polars.col("representation") == "mean")
    with pytest.raises(ValueError, match="no representation 'sampled'; choose from 'mean'"):
        of(means, "dsprites", sampled=["mig"])


def test_a_missing_column_is_named_beside_those_there_are():
    with pytest.raises(ValueError, match="no column 'udr'; it has data_set, method"):
        complete(of(study(), "dsprites"), ["mig", "udr"])


def test_a_frame_with_both_representations_is_refused_with_the_way_out():
    with pytest.raises(ValueError, match=r"324 rows repeat one.*tables\.of"):
        complete(study(), ["mig"])


def test_too_few_seeds_are_refused_with_the_setting():
    models = of(study(), "dsprites").filter(
        (polars.col("strength") != 16) | (polars.col("seed") == 2)
    )
    with pytest.raises(ValueError, match=r"at least 2 seeds .* beta_vae 16 has 1"):
        complete(models, ["mig"])


def test_a_table_without_any_number_is_refused():
    models = of(study(), "dsprites").with_columns(mig=polars.lit(None, polars.Float64))
    with pytest.raises(ValueError, match="the table has 0"):
        complete(models, ["mig"])
