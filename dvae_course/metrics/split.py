"""Train and test samples, for the metrics that fit a predictor on one and judge it on the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int, Real

from dvae_course.metrics.codes import checked_codes, checked_pairs, live_dimensions
from dvae_course.metrics.representation import Representation
from dvae_course.randomness import generator


@dataclass(frozen=True, eq=False)
class Split:
    """Factors and codes to train on, and others to test on."""

    train_factors: Int[np.ndarray, "n_train factors"]
    train_codes: Float[np.ndarray, "n_train codes"]
    test_factors: Int[np.ndarray, "n_test factors"]
    test_codes: Float[np.ndarray, "n_test codes"]

    @classmethod
    def drawn(
        cls,
        representation: Representation,
        seed: int = 0,
        n_train: int = 10_000,
        n_test: int = 5_000,
    ) -> Split:
        """Two independent samples of a representation; the first is `representation.sample`'s."""
        train = checked_pairs(*representation.sample(n_train, seed, "train"))
        return cls(*train, *representation.sample(n_test, seed, "test"))

    @classmethod
    def of(
        cls,
        factors: Int[np.ndarray, "n factors"],
        codes: Real[np.ndarray, "n codes"],
        seed: int = 0,
        test_share: float = 1 / 3,
    ) -> Split:
        """The given rows in an order drawn from `seed`, the last `test_share` of them for testing.

        Raises `ValueError` for a share that leaves either part empty and for what `checked_pairs`
        refuses in the part to train on.
        """
        n_train = round(len(factors) * (1 - test_share))
        if not 0 < n_train < len(factors):
            raise ValueError(
                f"test_share={test_share} of {len(factors)} rows leaves {n_train} to train on and "
                f"{len(factors) - n_train} to test on; both need at least one"
            )
        rows = generator(seed, "metrics split").permutation(len(factors))
        train, test = rows[:n_train], rows[n_train:]
        pairs = checked_pairs(factors[train], codes[train])
        return cls(*pairs, factors[test], checked_codes(codes[test]))

    @cached_property
    def live(self) -> Bool[np.ndarray, " codes"]:
        """Which codes vary over the data to train on."""
        return live_dimensions(self.train_codes)

    @cached_property
    def standardised(
        self,
    ) -> tuple[Float[np.ndarray, "n_train live"], Float[np.ndarray, "n_test live"]]:
        """The live codes, less the mean and over the deviation of those to train on."""
        train, test = self.train_codes[:, self.live], self.test_codes[:, self.live]
        mean, scale = train.mean(axis=0), train.std(axis=0)
        return (train - mean) / scale, (test - mean) / scale
