"""Fashion-MNIST: 70,000 real pictures of ten kinds of clothing, 28×28 grey pixels each.

Small enough to train on within a minute, real enough that a VAE has something to learn. Published
by Xiao, Rasul and Vollgraf (2017), arXiv:1708.07747, under the MIT licence.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64, UInt8
from torch import Tensor

from dvae_course.datasets.download import Source, obtain
from dvae_course.datasets.idx import read_idx

SOURCE = Source(
    title="Fashion-MNIST",
    folder_name="fashion-mnist",
    base_url="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    checksums={
        "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310",
    },
    debian_package="dataset-fashion-mnist",
)
SPLITS = {"train": ("train", 60_000), "test": ("t10k", 10_000)}
SIDE = 28


@dataclass(frozen=True, eq=False)
class FashionMNIST:
    """One split: pictures in [0, 1], their labels, and the folder that they were read from."""

    images: Float32[Tensor, "n size size"]
    labels: Int64[Tensor, " n"]
    source: Path

    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


def fashion_mnist(
    split: str = "train", folder: str | Path | None = None, size: int = SIDE
) -> FashionMNIST:
    """Fashion-MNIST's training (60,000) or test (10,000) pictures.

    Parameters
    ----------
    split : "train" or "test".
    folder : the only folder to search for the files. By default they are looked for in the folder
        named by the environment variable `DVAE_DATA`, in Debian's `/usr/share/datasets` and in the
        user's cache; found nowhere, they are downloaded into `DVAE_DATA` or the cache.
    size : 28, or 14 for pictures whose pixels are the means of 2×2 blocks.

    Raises
    ------
    ValueError : an unknown split or size, or a file that is not what it should be.
    DataUnavailable : the files are nowhere to be had.

    Examples
    --------
    >>> data = fashion_mnist("test", size=14)  # doctest: +SKIP
    >>> data.images.shape, data.class_names[data.labels[0]]  # doctest: +SKIP
    (torch.Size([10000, 14, 14]), 'Ankle boot')
    """
    if split not in SPLITS:
        raise ValueError(f'split must be "train" or "test", got {split!r}')
    if size not in (SIDE, SIDE // 2):
        raise ValueError(f"size must be {SIDE} or {SIDE // 2} pixels a side, got {size!r}")
    prefix, n = SPLITS[split]
    names = [f"{prefix}-images-idx3-ubyte.gz", f"{prefix}-labels-idx1-ubyte.gz"]
    images_path, labels_path = obtain(SOURCE, names, folder)
    images = _pool(read_idx(images_path, (n, SIDE, SIDE)), size)
    labels = _checked_labels(labels_path, read_idx(labels_path, (n,)))
    return FashionMNIST(torch.from_numpy(images), torch.from_numpy(labels), images_path.parent)


def _pool(pixels: UInt8[np.ndarray, "n 28 28"], size: int) -> Float[np.ndarray, "n size size"]:
    block = SIDE // size
    images = pixels.astype(np.float32) / 255
    return images.reshape(len(images), size, block, size, block).mean(axis=(2, 4))


def _checked_labels(path: Path, labels: UInt8[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    classes = len(FashionMNIST.class_names)
    if labels.max() >= classes:
        raise ValueError(f"{path} holds the label {labels.max()}, expected 0 to {classes - 1}")
    return labels.astype(np.int64)
