"""A verdict follows from the runs by one rule, and the ledger says what the chapters compute."""

import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from dvae_course.claims import judge
from dvae_course.course import Course

CLEAR, NONE = [1.0, 1.2, 0.9, 1.1], [0.5, -0.6, 0.2, -0.1]
KINDS = {"definition", "theorem", "empirical"}
FIELDS = {"id", "slides", "kind", "claim", "correction", "chapter", "verdict", "tests", "exercise"}


@pytest.mark.parametrize(
    ("effects", "verdict"),
    [
        ({"a": CLEAR}, "reproduced"),
        ({"a": CLEAR, "b": [2.0, 2.1, 2.2]}, "reproduced"),
        ({"a": CLEAR, "b": NONE}, "partly reproduced"),
        ({"a": NONE}, "not reproduced"),
        ({"a": [-v for v in CLEAR], "b": NONE}, "not reproduced"),
    ],
)
def test_the_verdict_counts_supported_effects(effects, verdict):
    assert judge("claim", effects).verdict == verdict


def test_an_effect_against_the_claim_is_contradicted_not_open():
    table = judge("claim", {"a": [-v for v in CLEAR], "b": NONE}).table
    assert table["result"].to_list() == ["contradicted", "open"]


@given(
    values=st.lists(st.floats(-10, 10), min_size=3, max_size=20),
    shift=st.floats(0.1, 5),
)
def test_mean_and_p_are_those_of_scipys_t_test(values, shift):
    values = np.array(values) + shift * np.arange(len(values))
    row = judge("claim", {"a": values}).table.row(0, named=True)
    peer = stats.ttest_1samp(values, 0)
    interval = peer.confidence_interval(0.95)
    assert row["p"] == pytest.approx(peer.pvalue, rel=1e-6, abs=1e-300)
    assert (row["low"], row["high"]) == pytest.approx(tuple(interval))


def test_several_effects_share_the_error_rate():
    alone = judge("claim", {"a": CLEAR}).table.row(0, named=True)
    together = judge("claim", {"a": CLEAR, "b": CLEAR}).table.row(0, named=True)
    low, high = stats.ttest_1samp(CLEAR, 0).confidence_interval(0.975)
    assert (together["low"], together["high"]) == pytest.approx((low, high))
    assert together["low"] < alone["low"]


def test_the_detectable_mean_is_found_in_four_of_five_samples():
    rng = np.random.default_rng(0)
    one = rng.normal(size=10)
    detectable = judge("claim", {"a": one}).table["detectable"][0] / one.std(ddof=1)
    samples = rng.normal(detectable, 1, size=(20_000, 10))
    test = stats.ttest_1samp(samples, 0, axis=1)
    found = ((test.pvalue < 0.05) & (test.statistic > 0)).mean()
    assert found == pytest.approx(0.8, abs=0.01)


def test_a_verdict_reads_as_text_and_as_html():
    verdict = judge("a-claim", {"x < y": CLEAR}, unit="nats")
    assert "a-claim: reproduced" in repr(verdict)
    assert "nats" in repr(verdict) and "n = 4: supported" in repr(verdict)
    page = verdict._repr_html_()
    assert 'data-claim="a-claim" data-verdict="reproduced"' in page
    assert "x &lt; y" in page


@pytest.mark.parametrize(
    ("effects", "message"),
    [
        ({}, "at least one effect"),
        ({"two": [1.0, 2.0]}, r"'two'.*at least 3.*shape \(2,\)"),
        ({"table": np.ones((4, 2))}, r"shape \(4, 2\)"),
        ({"hole": [1.0, np.nan, 2.0]}, r"'hole'.*places \[1\] are not finite"),
    ],
)
def test_what_cannot_be_judged_is_named(effects, message):
    with pytest.raises(ValueError, match=message):
        judge("claim", effects)


def test_a_confidence_is_a_probability():
    with pytest.raises(ValueError, match="between 0 and 1, got 95"):
        judge("claim", {"a": CLEAR}, confidence=95)


def ledger(course: Course) -> list[dict]:
    return yaml.safe_load((course.root / "book" / "claims.yml").read_text(encoding="utf-8"))


def verdicts_on(page: Path) -> dict[str, str]:
    found = re.findall(r'data-claim="([^"]+)" data-verdict="([^"]+)"', page.read_text("utf-8"))
    return dict(found)


def test_the_ledger_is_well_formed(course):
    claims = ledger(course)
    ids = [claim["id"] for claim in claims]
    assert len(ids) == len(set(ids))
    chapters = {chapter.stem for chapter in course.chapters}
    for claim in claims:
        assert set(claim) <= FIELDS and claim["kind"] in KINDS, claim["id"]
        assert claim["slides"] and claim["claim"], claim["id"]
        assert claim["chapter"] in chapters, claim["id"]


def test_the_ledger_says_what_the_chapters_compute(course, site):
    computed = {}
    for chapter in course.chapters:
        page = site / "chapters" / f"{chapter.stem}.html"
        computed |= {id: (chapter.stem, verdict) for id, verdict in verdicts_on(page).items()}
    written = {
        claim["id"]: (claim["chapter"], claim["verdict"])
        for claim in ledger(course)
        if claim["kind"] == "empirical"
    }
    assert written == computed


def test_the_tests_that_the_ledger_names_exist(course):
    for claim in ledger(course):
        for name in claim.get("tests", []):
            file, _, test = name.partition("::")
            assert f"def {test.partition('[')[0]}(" in (course.root / file).read_text("utf-8"), name
