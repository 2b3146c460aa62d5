"""The α-β explorer: trained codes of every (α, β, seed), with their density drawn as you move.

The drawing is `explorer.js`, one ES module. In a kernel it is shown through anywidget, and its
position is synced with Python; on the static page the same module runs by itself.
"""

import base64
from collections.abc import Iterable
from pathlib import Path
from typing import SupportsFloat

import anywidget
import numpy as np
import traitlets
from jaxtyping import Float, Integer

from dvae_course.plots import window
from dvae_course.widgets.static_page import StaticHTML, mounted, on_static_page

_MODULE = Path(__file__).with_name("explorer.js")
_QUESTION = "Which knob decides how much the codes overlap, and which makes them fit the prior?"

# `_check_shapes` compares these axes itself, with a message of its own.
Codes = Float[np.ndarray, "_alphas _betas _seeds _points 2"]
Labels = Integer[np.ndarray, " _points"]
Numbers = Float[np.ndarray, "_alphas _betas _seeds"]


class LatentExplorer(anywidget.AnyWidget):
    """The explorer in a kernel: reading or setting an index reads or moves its control."""

    _esm = _MODULE
    data = traitlets.Dict().tag(sync=True)
    alpha_index = traitlets.Int(0).tag(sync=True)
    beta_index = traitlets.Int(0).tag(sync=True)
    seed_index = traitlets.Int(0).tag(sync=True)

    @traitlets.validate("alpha_index", "beta_index", "seed_index")
    def _in_range(self, proposal):
        sizes = (len(self.data["alphas"]), len(self.data["betas"]), self.data["seeds"])
        names = ("alpha_index", "beta_index", "seed_index")
        _check_index(proposal.trait.name, proposal.value, sizes[names.index(proposal.trait.name)])
        return proposal.value


def explorer(
    alphas: Iterable[SupportsFloat],
    betas: Iterable[SupportsFloat],
    mu: Codes,
    sd: Codes,
    labels: Labels,
    overlap: Numbers,
    match: Numbers,
    reconstruction: Numbers,
    prior_means: Float[np.ndarray, "components 2"],
    prior_sd: float,
    question: str = _QUESTION,
    start: tuple[int, int, int] = (0, 0, 0),
) -> LatentExplorer | StaticHTML:
    """A figure with sliders for α and β over trained models; opens at the indices `start`.

    Parameters
    ----------
    alphas, betas : the trained values, in the order of the first two axes of all arrays.
    mu, sd : posterior means and standard deviations of every point under every model.
    labels : the arm of each point.
    overlap, match, reconstruction : I(x;z), KL(q(z)‖p(z)) and E[log p(x|z)] in nats.
    prior_means, prior_sd : the mixture prior, drawn as circles.
    """
    knobs = [[float(v) for v in alphas], [float(v) for v in betas]]
    _check_shapes(knobs, mu, sd, labels, overlap, match, reconstruction)
    for name, index, size in zip(("alpha", "beta", "seed"), start, mu.shape[:3], strict=True):
        _check_index(f"start ({name})", index, size)
    data = {
        "alphas": knobs[0],
        "betas": knobs[1],
        "seeds": mu.shape[2],
        "points": mu.shape[3],
        "labels": labels.tolist(),
        "mu": quantised(mu, np.uint16),
        "log_sd": quantised(np.log(sd), np.uint8),
        "overlap": _rounded(overlap),
        "match": _rounded(match),
        "reconstruction": _rounded(reconstruction),
        "prior": {"means": prior_means.tolist(), "sd": float(prior_sd)},
        "half_width": window(mu),
        "question": question,
        "start": list(start),
    }
    place = dict(zip(("alpha_index", "beta_index", "seed_index"), start, strict=True))
    if on_static_page():
        return mounted(_MODULE, {"data": data, **place}, "This figure needs JavaScript.")
    return LatentExplorer(data=data, **place)


def quantised(values: Float[np.ndarray, "..."], kind: type[np.unsignedinteger]) -> dict:
    """`values` as unsigned integers between their least and greatest, in base64.

    The error is at most (high - low) / (2 · (2^bits - 1)): with 16 bits 1e-4 for means within ±6;
    with 8 bits on log sd, less than 2 % of an sd for sds between 1e-3 and 10.
    """
    low, high = float(values.min()), float(values.max())
    steps = np.iinfo(kind).max
    whole = np.rint((values - low) / ((high - low) or 1.0) * steps).astype(kind)
    little_endian = whole.astype(whole.dtype.newbyteorder("<")).tobytes()
    text = base64.b64encode(little_endian).decode("ascii")
    return {"data": text, "low": low, "high": high, "bytes": whole.itemsize}


def _rounded(numbers: Numbers) -> list[float]:
    return [round(float(v), 4) for v in numbers.ravel()]


def _check_index(name: str, index: int, size: int) -> None:
    if not 0 <= index < size:
        raise ValueError(f"{name} is {index}, but there are {size} values; use 0 to {size - 1}")


def _check_shapes(knobs: list[list[float]], mu, sd, labels, *numbers) -> None:
    wanted = (len(knobs[0]), len(knobs[1]))
    if mu.ndim != 5 or mu.shape[:2] != wanted or mu.shape[4] != 2 or sd.shape != mu.shape:
        raise ValueError(
            f"mu has shape {mu.shape} and sd {sd.shape}; for {wanted[0]} values of alpha and "
            f"{wanted[1]} of beta both must be ({wanted[0]}, {wanted[1]}, seeds, points, 2)"
        )
    if labels.shape != mu.shape[3:4]:
        raise ValueError(f"labels has shape {labels.shape}; expected {mu.shape[3:4]}, one a point")
    for array in numbers:
        if array.shape != mu.shape[:3]:
            raise ValueError(
                f"overlap, match and reconstruction must have shape {mu.shape[:3]} "
                f"(alphas, betas, seeds); one of them has {array.shape}"
            )
    if not (np.isfinite(mu).all() and np.isfinite(sd).all() and (sd > 0).all()):
        raise ValueError(
            "mu and sd must be finite and sd positive, but some are not: a model has diverged; "
            "leave it out or train it with a smaller learning rate"
        )
