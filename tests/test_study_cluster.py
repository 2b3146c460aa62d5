"""A study on Dask: whatever happens to workers, the rows are those of one process, each once."""

import signal
import socket
import sys
from dataclasses import replace
from types import SimpleNamespace

import dask
import polars as pl
import pytest
import work_on_workers
from distributed import Client, LocalCluster
from polars.testing import assert_frame_equal
from tiny_study import TINY, numbers, one_seed, start

from dvae_course import study_command
from dvae_course.cli import _parser
from dvae_course.study import Store, UnfinishedStudy, batches, load, run
from dvae_course.study.cluster import check_memory, check_workers, connected
from dvae_course.study.memory import peak_bytes, seeds_that_fit
from dvae_course.study.presets import MINIATURE
from dvae_course.study.runner import code_version

DESIGN = replace(TINY, seeds=(0, 1))
STOPPED_AFTER_ITS_FIRST_BATCH = """
from dvae_course.study import cluster
class Stopping(local.Store):
    def append(self, key, rows):
        super().append(key, rows)
        os.kill(os.getpid(), signal.SIGINT)
local.Store = Stopping
if __name__ == "__main__":
    local.run(TINY, out, scheduler="local:1", progress=False)
"""
MEASURED = """
import resource
from tiny_study import SCORING, TRAINING
from dataclasses import replace
from dvae_course.study.memory import peak_bytes
design = replace(TINY, training=replace(TRAINING, pictures=60_000), seeds=(0,))
design = replace(design, data_sets=("color-dsprites",)).restricted(methods=("beta_vae",))
(batch,) = runner.batches(design, (), out)
runner.train_and_score(batch)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
(out / "peak").write_text(f"{peak} {peak_bytes(batch)}")
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> pl.DataFrame:
    """The rows of DESIGN by one process, without Dask."""
    out = tmp_path_factory.mktemp("undisturbed")
    run(DESIGN, out, workers=1, progress=False)
    return load(out)


@pytest.fixture(scope="module")
def client():
    """Two workers that are started again when they die; a batch may cost one its life."""
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        LocalCluster(2, threads_per_worker=1, dashboard_address=":0", silence_logs="CRITICAL") as c,
        Client(c) as client,
    ):
        yield client


def test_a_killed_worker_loses_the_batch_it_was_at_which_another_does(
    tmp_path, client, undisturbed, monkeypatch
):
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr("dvae_course.study.cluster.work", work_on_workers.dying_once)
    run(DESIGN, out, scheduler=client.scheduler.address, progress=False)
    assert (out / "died").exists()
    assert_frame_equal(numbers(load(out)), numbers(undisturbed))
    assert len(Store(out).rows()) == len(undisturbed)  # no row twice
    assert not (out / "pictures").exists()  # workers draw into folders of their own


def test_batches_that_fail_are_named_and_the_others_are_done(
    tmp_path, client, undisturbed, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr("dvae_course.study.cluster.work", work_on_workers.raising_and_killing)
        with pytest.raises(UnfinishedStudy, match="2 of the batches failed") as found:
            run(DESIGN, tmp_path, scheduler=client, progress=False)
    reasons = found.value.failures
    assert "ValueError: this cannot" in reasons["dsprites dip_vae_ii 2, seeds 0"]
    assert "2 workers died over it" in reasons["dsprites dip_vae_ii 2, seeds 1"]
    others = load(tmp_path)
    assert_frame_equal(numbers(others), numbers(undisturbed.filter(method="beta_vae")))
    run(DESIGN, tmp_path, scheduler=client, progress=False)
    rows = load(tmp_path)
    assert_frame_equal(numbers(rows), numbers(undisturbed))
    assert_frame_equal(rows.filter(method="beta_vae"), others)  # they were not trained again


def test_a_batch_another_run_is_at_is_left_to_it(tmp_path, client):
    design = one_seed().restricted(methods=("dip_vae_ii",))
    store = Store(tmp_path)
    (batch,) = batches(design, (), store.pictures)
    with store.claimed(batch.key):
        run(design, tmp_path, scheduler=client, progress=False)
    assert store.finished(design.hash) == set()


def test_stopped_by_the_keyboard_the_store_is_whole_and_nothing_is_claimed(tmp_path):
    stopped = start(STOPPED_AFTER_ITS_FIRST_BATCH, tmp_path)
    _, errors = stopped.communicate()
    assert stopped.returncode in (1, -signal.SIGINT) and b"KeyboardInterrupt" in errors
    store = Store(tmp_path)
    assert len(list((tmp_path / "parts").iterdir())) == 1 and len(store.rows()) > 0
    assert not any(store.is_claimed(batch.key) for batch in batches(TINY, (), tmp_path))


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        ("local:0", "at least 1, for example local:2; got 'local:0'"),
        ("local:x", "at least 1, for example local:2; got 'local:x'"),
        ("somewhere", "an address like tcp://.*; got 'somewhere'"),
        ("gone.json", "there is no scheduler file gone.json"),
    ],
)
def test_what_is_no_scheduler_is_refused(tmp_path, scheduler, message):
    with pytest.raises(ValueError, match=message):
        run(TINY, tmp_path, scheduler=scheduler)
    with pytest.raises(ValueError, match="workers is for this machine, got 2"):
        run(TINY, tmp_path, scheduler="local:2", workers=2)


def test_a_scheduler_that_does_not_answer_is_one_line(tmp_path, capsys):
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody_listens.getsockname()[1]}"
        arguments = ["study", "run", "smoke", "--out", str(tmp_path), "--scheduler", address]
        assert study_command.run(_parser().parse_args(arguments)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert f"no Dask scheduler answered at {address} within 5 s" in line


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"dvae-course\[study\]"), connected("local:1"):
        pass


@pytest.mark.parametrize(
    ("worker", "message"),
    [
        ({"code": "0.0+other"}, "has other code .0.0.other"),
        ({"nthreads": 4}, "has 4 threads; .* --nthreads 1"),
        ({"memory_limit": 10**8}, "--memory-limit"),
    ],
)
def test_workers_that_cannot_do_the_work_are_refused(tmp_path, worker, message):
    usual = {"code": code_version(), "nthreads": 1, "memory_limit": 10**10}
    left = batches(TINY, (), tmp_path)
    check_workers(client_of({"tcp://a:1": usual}), left)
    with pytest.raises(ValueError, match=f"tcp://b:2 .*{message}"):
        check_workers(client_of({"tcp://a:1": usual, "tcp://b:2": usual | worker}), left)


def client_of(workers: dict[str, dict[str, object]]) -> SimpleNamespace:
    """What is asked of a client before work is sent, answered for these workers."""
    codes = {address: worker["code"] for address, worker in workers.items()}
    return SimpleNamespace(
        scheduler_info=lambda: {"workers": workers}, run=lambda function, on_error: codes
    )


def test_the_estimated_memory_is_above_the_measured(tmp_path):
    assert start(MEASURED, tmp_path).wait() == 0
    peak, estimate = map(int, (tmp_path / "peak").read_text().split())
    peak *= 1 if sys.platform == "darwin" else 1024
    assert peak < estimate < 2.5 * peak


def test_a_batch_too_large_for_a_worker_says_what_would_fit(tmp_path):
    (batch, *_) = batches(MINIATURE.restricted(seeds=(0, 1)), (), tmp_path)
    one = replace(batch, models=tuple(m for m in batch.models if m.seed == 0))
    assert peak_bytes(one) <= peak_bytes(batch)
    assert seeds_that_fit(batch, peak_bytes(batch)) == 2
    assert seeds_that_fit(batch, peak_bytes(one) / 2) == 0
    with pytest.raises(ValueError, match=r"even one seed of dsprites beta_vae .* --memory-limit"):
        check_memory([batch], "tcp://a:1", 10**8)


def test_fewer_seeds_together_are_proposed_where_they_fit(tmp_path):
    wide = replace(MINIATURE.training, pictures=64, hidden=(20_000,))
    design = replace(MINIATURE, training=wide).restricted(("dsprites",), ("beta_vae",), (0, 1))
    (batch,) = batches(design, (), tmp_path)
    one = replace(batch, models=tuple(m for m in batch.models if m.seed == 0))
    with pytest.raises(ValueError, match="or write seeds_together = 1 into the design"):
        check_memory([batch], "tcp://a:1", round(peak_bytes(one) / 0.8) + 1)
