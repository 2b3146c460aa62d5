"""The box of a study's numbers: each in its place, gaps as NaN and counted."""

import numpy as np
import polars
import pytest
from study_frames import SETTINGS, frame_of, six_metrics

from dvae_course.study.grid import grid_of

METRICS = six_metrics(seeds=3)
FRAME = polars.concat(
    [frame_of({name: values + shift for name, values in METRICS.items()}, data_set)
     for shift, data_set in enumerate(("dsprites", "cars3d"))]
)  # fmt: skip


def test_every_number_stands_in_its_place_whatever_the_rows_order():
    grid = grid_of(FRAME.sample(fraction=1, shuffle=True, seed=0), ["mig", "sap"], ["cars3d"])
    assert grid.settings == tuple(sorted(SETTINGS)) and grid.seeds == (0, 1, 2)
    order = [SETTINGS.index(setting) for setting in grid.settings]
    np.testing.assert_allclose(grid.values[0, 0], METRICS["mig"][order] + 1)
    np.testing.assert_allclose(grid.values[0, 1], METRICS["sap"][order] + 1)


def test_gaps_are_nan_and_counted_once_a_model():
    failed = (polars.col("seed") == 1) & (polars.col("strength") == 16)
    grid = grid_of(FRAME.with_columns(failed=failed), ["mig", "sap"])
    assert grid.data_sets == ("dsprites", "cars3d") and grid.missing == 2
    place = grid.settings.index(("beta_vae", 16.0)), 1
    assert np.isnan(grid.values[:, :, *place]).all() and np.isnan(grid.values).sum() == 4


def test_a_model_that_was_never_trained_is_a_gap_too():
    rows = FRAME.filter((polars.col("seed") != 2) | (polars.col("data_set") != "cars3d"))
    assert grid_of(rows, ["mig"]).missing == 36


def test_a_model_found_twice_and_unknown_names_are_refused():
    with pytest.raises(ValueError, match="twice"):
        grid_of(polars.concat([FRAME, FRAME]), ["mig"])
    with pytest.raises(ValueError, match="no data_set 'norb'; choose from 'dsprites', 'cars3d'"):
        grid_of(FRAME, ["mig"], ["dsprites", "norb"])
    with pytest.raises(ValueError, match="no column 'udr'"):
        grid_of(FRAME, ["udr"])
