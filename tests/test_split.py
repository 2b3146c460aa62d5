"""Train and test samples: apart, drawn alike for every metric, refused when one would be empty."""

import numpy as np
import pytest

from dvae_course.metrics import noise, perfect
from dvae_course.metrics.split import Split


def test_the_part_to_train_on_is_the_sample_of_every_other_metric():
    code = perfect((3, 4))
    split = Split.drawn(code, seed=5, n_train=100, n_test=50)
    factors, codes = code.sample(100, seed=5)
    assert np.array_equal(split.train_factors, factors)
    assert np.array_equal(split.train_codes, codes)
    assert len(split.test_codes) == 50


def test_given_rows_are_shuffled_and_each_is_in_one_part():
    factors = np.repeat(np.arange(30)[:, None], 2, axis=0) // np.array([1])
    codes = np.arange(60.0)[:, None]
    split = Split.of(factors, codes, seed=1, test_share=0.5)
    rows = np.concatenate([split.train_codes, split.test_codes])[:, 0]
    assert sorted(rows) == codes[:, 0].tolist()
    assert rows.tolist() != codes[:, 0].tolist()
    assert np.array_equal(split.train_factors[:, 0], split.train_codes[:, 0] // 2)


def test_standardised_codes_leave_out_the_dead_and_use_the_training_scale():
    split = Split.drawn(noise((3, 4), 3), n_train=200, n_test=100)
    split.train_codes[:, 1] = 7
    train, test = split.standardised
    assert train.shape == (200, 2) and test.shape == (100, 2)
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(train.std(0), 1)
    expected = (split.test_codes[:, 0] - split.train_codes[:, 0].mean()) / split.train_codes[
        :, 0
    ].std()
    np.testing.assert_allclose(test[:, 0], expected)


@pytest.mark.parametrize("share", [0.0, 1.0, 0.001])
def test_a_share_that_leaves_a_part_empty_is_refused(share):
    factors, codes = perfect((3, 4)).sample(30)
    with pytest.raises(ValueError, match=f"test_share={share} of 30 rows"):
        Split.of(factors, codes, test_share=share)
