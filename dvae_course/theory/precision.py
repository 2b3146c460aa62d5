"""Double precision for theorems: ten digits cannot be checked on numbers of seven."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn

from dvae_course.gaussians import GaussianPosterior

T = TypeVar("T", bound=nn.Module | GaussianPosterior)


def doubled(thing: T) -> T:
    """A copy of a network, a prior or a posterior in double precision; gradients pass through."""
    if isinstance(thing, nn.Module):
        return copy.deepcopy(thing).double()
    return type(thing)(**{name: value.double() for name, value in vars(thing).items()})
