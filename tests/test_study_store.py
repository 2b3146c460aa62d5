"""The store: whole files or none, one order, nothing twice, and damage that is named."""

from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dvae_course.study.design import Model
from dvae_course.study.store import SCHEMA, Store, load, merge


def rows_of(seeds, method="beta_vae", mig=0.5, design="d") -> list[dict[str, object]]:
    """Two rows a seed; the seeds' codes agree."""
    codes = np.random.default_rng(0).standard_normal((100, 2)).astype(np.float32)
    about = {
        **{"data_set": "dsprites", "method": method, "strength": 4.0, "mig": mig, "failed": False},
        **{"design": design, "latent_kl": [1.0, 1.0], "finished": datetime.now(UTC)},
    }
    kinds = (("sampled", None), ("mean", codes.tobytes()))
    return [
        {**about, "seed": seed, "representation": kind, "codes": code}
        for seed in seeds
        for kind, code in kinds
    ]


def store_of(folder, **parts) -> Store:
    store = Store(folder)
    for key, rows in parts.items():
        store.append(key, rows)
    return store


def test_rows_come_back_in_one_order_whatever_the_order_of_writing(tmp_path):
    factor, beta = rows_of((1,), "factor_vae"), rows_of((2, 0))
    store_of(tmp_path / "a", x=beta, y=factor)
    store_of(tmp_path / "b", x=factor, y=beta)
    first, second = load(tmp_path / "a"), load(tmp_path / "b")
    assert_frame_equal(first, second)
    assert first["seed"].to_list() == [0, 0, 2, 2, 1, 1]
    assert first["representation"].to_list() == ["mean", "sampled"] * 3


def test_what_was_not_measured_is_null(tmp_path):
    store_of(tmp_path, x=rows_of((0,)))
    assert load(tmp_path)["betavae_score"].null_count() == 2


def test_udr_needs_three_seeds_and_is_of_the_mean_codes(tmp_path):
    store = store_of(tmp_path, x=rows_of((0, 1)))
    assert load(tmp_path)["udr"].null_count() == 4
    store.append("y", rows_of((2,)))
    found = load(tmp_path)
    assert found.filter(representation="sampled")["udr"].null_count() == 3
    # equal codes agree as far as the Lasso's penalty lets them: 1 − alpha
    assert found.filter(representation="mean")["udr"].to_list() == pytest.approx(
        [0.9] * 3, abs=0.02
    )


def test_finished_are_the_models_of_one_design(tmp_path):
    store = store_of(tmp_path, x=rows_of((0,)), y=rows_of((1,), design="other"))
    assert store.finished("d") == {Model("dsprites", "beta_vae", 4.0, 0)}
    assert Store(tmp_path / "nothing").finished("d") == set()
    assert set(load(tmp_path, "other")["seed"]) == {1}


def test_a_model_in_two_files_is_one_model(tmp_path):
    store_of(tmp_path, x=rows_of((0, 1)), y=rows_of((1, 2)))
    assert load(tmp_path).filter(representation="mean")["seed"].to_list() == [0, 1, 2]


def test_a_batch_is_claimed_by_one_and_free_again_when_its_claimer_is_gone(tmp_path):
    store, other = Store(tmp_path), Store(tmp_path)
    with store.claimed("x") as ours:
        assert ours and other.is_claimed("x")
        with other.claimed("x") as theirs:
            assert not theirs
    assert not store.is_claimed("x")
    with other.claimed("x") as theirs:
        assert theirs
    store.append("x", rows_of((0,)))
    with other.claimed("x") as theirs:
        assert not theirs  # it is done


def test_merging_adds_what_is_new_and_keeps_what_is_there(tmp_path):
    store_of(tmp_path / "a", x=rows_of((0, 1), mig=0.5))
    store_of(tmp_path / "b", x=rows_of((1, 2), mig=0.9))
    before = load(tmp_path / "b")
    assert merge(tmp_path / "a", tmp_path / "b") == 2
    assert merge(tmp_path / "a", tmp_path / "b") == 0
    means = load(tmp_path / "a").filter(representation="mean")
    assert means.select("seed", "mig").rows() == [(0, 0.5), (1, 0.5), (2, 0.9)]
    assert_frame_equal(load(tmp_path / "b"), before)
    assert means["udr"].null_count() == 0  # the codes came along


def test_a_damaged_file_is_named_with_the_way_out(tmp_path):
    store = store_of(tmp_path, x=rows_of((0,)), y=rows_of((1,)))
    part = store.part("y")
    part.write_bytes(part.read_bytes()[:200])
    for reading in (lambda: load(tmp_path), lambda: store.finished("d")):
        with pytest.raises(ValueError, match=r"y\.parquet cannot be read.*delete it, and"):
            reading()
    part.unlink()
    assert set(load(tmp_path)["seed"]) == {0}


def test_a_write_that_fails_leaves_no_file(tmp_path, monkeypatch):
    def breaking(self, path):
        path.write_bytes(b"PAR1")
        raise OSError("disk full")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", breaking)
    with pytest.raises(OSError, match="disk full"):
        store_of(tmp_path, x=rows_of((0,)))
    assert list(Store(tmp_path).rows().rows()) == []


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"there is no folder .*nowhere"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"there is no folder .*nowhere to merge from"):
        merge(tmp_path, tmp_path / "nowhere")


def test_an_empty_store_has_the_columns(tmp_path):
    assert load(tmp_path).columns == [*(name for name in SCHEMA if name != "codes"), "udr"]
