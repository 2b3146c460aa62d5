"""Data sets: real images, rendered scenes and synthetic points, each with its labels or factors."""

from dvae_course.datasets.cars3d import Cars3D
from dvae_course.datasets.catalogue import CATALOGUE
from dvae_course.datasets.download import DataUnavailable
from dvae_course.datasets.dsprites import DSprites
from dvae_course.datasets.factors import FactorDataset
from dvae_course.datasets.fashion_mnist import FashionMNIST, fashion_mnist
from dvae_course.datasets.pinwheel import Pinwheel, pinwheel
from dvae_course.datasets.preview import contact_rows
from dvae_course.datasets.shapes3d import Shapes3D
from dvae_course.datasets.smallnorb import SmallNORB

__all__ = [
    "CATALOGUE",
    "Cars3D",
    "DSprites",
    "DataUnavailable",
    "FactorDataset",
    "FashionMNIST",
    "Pinwheel",
    "Shapes3D",
    "SmallNORB",
    "contact_rows",
    "fashion_mnist",
    "pinwheel",
]
