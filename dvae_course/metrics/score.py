"""What every metric returns: one number, and the tables that it was computed from.

A score alone hides how it came about; the tables let a chapter show it and a test recompute it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Score:
    """A metric's value and, by name, the arrays behind it."""

    value: float
    tables: Mapping[str, np.ndarray]
