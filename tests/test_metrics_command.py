"""`dvae metrics`: codes from anywhere become a table and JSON, or one clear line."""

import json

import numpy as np
import pytest
from codes_of_known_quality import rotated

from dvae_course import cli
from dvae_course.metrics import evaluate, files, from_grid, mig, perfect

SIZES = (4, 3, 5)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command outside of any course on arrays; status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def run(*options: str, **arrays):
        np.savez("scores.npz", **arrays)
        with pytest.raises(SystemExit) as caught:
            cli.main(["metrics", "scores.npz", *options])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


def grid() -> np.ndarray:
    return np.stack(np.unravel_index(np.arange(60), SIZES), axis=-1)


def test_a_sample_gives_a_table_and_json_without_the_metrics_that_need_a_grid(run, tmp_path):
    factors, codes = rotated(SIZES, 0).sample(900)
    status, out, _ = run("--json", "out.json", factors=factors, codes=codes)
    result = json.loads((tmp_path / "out.json").read_text())
    names = [row["metric"] for row in result["scores"]]
    assert status == 0 and result["n"] == 900
    assert "mig" in names and "betavae_score" not in names
    assert "Left out: betavae_score and factorvae_score" in out
    for row in result["scores"]:
        assert row["metric"] in out and f"{row['value']:.4f}" in out


def test_a_complete_grid_in_any_order_is_scored_as_a_representation(run):
    factors = grid()[np.random.default_rng(0).permutation(60)]
    codes = perfect(SIZES).codes(factors)
    status, out, _ = run("--metrics", "betavae_score", "mig", factors=factors, codes=codes)
    values = evaluate(from_grid(factors, codes), ["betavae_score", "mig"], progress=False)
    assert status == 0
    for score in values.values():
        assert f"{score.value:.4f}" in out


def test_factors_of_any_values_are_taken_by_their_order():
    factors = grid()
    angles, others = np.linspace(0, np.pi, 5)[factors[:, 2]], 10 * factors[:, :2] - 7
    measured = np.column_stack([others, angles])
    assert np.array_equal(files.as_indices(measured), factors)


def test_calibrated_columns_lie_between_noise_and_perfection(run, tmp_path):
    factors, codes = perfect(SIZES).sample(900)
    names = ("--metrics", "mig", "total_correlation")
    run(*names, "--calibrate", "--json", "out.json", factors=factors, codes=codes)
    first, second = json.loads((tmp_path / "out.json").read_text())["scores"]
    assert first["floor"] < 0.05 and first["calibrated"] == pytest.approx(1, abs=0.05)
    assert second["floor"] is None and second["calibrated"] is None


def test_the_seed_decides_the_split(run):
    factors, codes = rotated(SIZES, 0).sample(300)
    outputs = [
        run("--metrics", "sap", "--seed", seed, factors=factors, codes=codes)[1]
        for seed in ("0", "0", "1")
    ]
    assert outputs[0] == outputs[1] != outputs[2]


FACTORS, CODES = np.array([[0, 1], [1, 0], [1, 1]]), np.ones((3, 2))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"factors": FACTORS}, "no codes; save it with numpy.savez"),
        ({"factors": FACTORS, "codes": CODES[:, 0]}, r"codes in scores.npz.*\(3,\)"),
        ({"factors": FACTORS.astype(str), "codes": CODES}, "factors in scores.npz.*<U"),
        ({"factors": FACTORS.astype(object), "codes": CODES}, "allow_pickle"),
        ({"factors": FACTORS, "codes": CODES[:2]}, "3 rows of factors and 2 of codes"),
        ({"factors": FACTORS, "codes": CODES * [1, np.nan]}, r"dimensions \[1\]"),
    ],
)
def test_what_cannot_be_scored_ends_in_one_line(run, arrays, words):
    import re

    status, _, err = run(**arrays)
    assert status == 1
    assert err.startswith("dvae metrics: ") and re.search(words, err)
    assert err.count("\n") == 1


@pytest.mark.parametrize("content", [None, b"factors,codes\n1,2\n", b""])
def test_a_file_that_is_no_npz_ends_in_one_line(tmp_path, monkeypatch, capsys, content):
    path = tmp_path / "scores.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SystemExit) as caught:
        cli.main(["metrics", str(path)])
    err = capsys.readouterr().err
    assert caught.value.code == 1 and str(path) in err and err.count("\n") == 1


def test_the_table_marks_what_there_is_not():
    rows = files.rows(evaluate(perfect(SIZES), ["mig", "total_correlation"], progress=False), True)
    text = files.table(rows)
    assert text.splitlines()[0].split() == [
        *("metric", "value", "estimator", "floor", "ceiling", "calibrated")
    ]
    assert "–" in text and f"{mig(perfect(SIZES)).value:.4f}" in text
