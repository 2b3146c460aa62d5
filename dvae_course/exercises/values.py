"""What a student returned, as plain float64 numbers, or a sentence that says why it is none.

Checks compare only what leaves this module. So an object with its own `__eq__` gains nothing, and
no value, however odd, makes a check crash.
"""

from __future__ import annotations

import math
import reprlib

import numpy as np
import torch


class Unusable(Exception):
    """An answer that cannot be compared; the message tells the student why."""


class NotAttempted(Exception):
    """An answer that is still the stub."""


def as_numbers(value: object) -> np.ndarray:
    """`value` (number, fraction, nested list, NumPy array, torch tensor) as a float64 array."""
    if value is ...:
        raise NotAttempted
    if value is None:
        raise Unusable("there is no value, only `None`: does the last line `return` the result?")
    try:
        array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
        kind = array.dtype.kind
        numbers = np.array(array, dtype=np.float64) if kind not in "USbcmM" else None
    except Exception:  # whatever the student's object raises when asked for numbers
        raise Unusable(
            f"a value of type `{type(value).__name__}` cannot be read as numbers: give a number, a "
            "NumPy array or a torch tensor, all rows of the same length"
        ) from None
    if numbers is None:
        raise Unusable(_WRONG_KIND[kind])
    return numbers


_DATE = "it is a date or a duration, not a number"
_WRONG_KIND = {
    "U": "it is text: write the number without quotes",
    "S": "it is text: write the number without quotes",
    "b": "it is true/false, not a number: is there a comparison where a value should be?",
    "c": "it is a complex number: is there a root or a logarithm of a negative number?",
    "m": _DATE,
    "M": _DATE,
}


def as_number(value: object) -> float:
    """`value` as one finite float."""
    if callable(value) and not isinstance(value, torch.Tensor):
        raise Unusable("it is a function: call it, and give the number that it returns")
    array = as_numbers(value)
    if array.size != 1:
        raise Unusable(f"it has shape {array.shape}, and one number is asked for")
    number = float(array.reshape(()))
    if not math.isfinite(number):
        raise Unusable(f"it is {number}: look for a division by 0 or a logarithm of 0")
    return number


def same(given: np.ndarray, expected: np.ndarray) -> bool:
    """Equal shapes, and equal values to what float32 arithmetic can be asked for."""
    if given.shape != expected.shape:
        return False
    return bool(np.allclose(given, expected, rtol=1e-4, atol=1e-5, equal_nan=True))


def written(value: object) -> str:
    """`value` as it is shown to the student: short, and safe whatever it is."""
    if isinstance(value, np.ndarray):
        text = np.array2string(
            value, precision=4, suppress_small=True, threshold=20, separator=", "
        )
        return text.replace("\n", "\n" + " " * 12)
    return f"{value:.4g}" if isinstance(value, float) else reprlib.repr(value)
