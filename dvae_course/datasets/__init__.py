"""Data sets: real images and synthetic points, each as tensors with their labels."""

from dvae_course.datasets.download import DataUnavailable
from dvae_course.datasets.fashion_mnist import FashionMNIST, fashion_mnist
from dvae_course.datasets.pinwheel import Pinwheel, pinwheel

__all__ = ["DataUnavailable", "FashionMNIST", "Pinwheel", "fashion_mnist", "pinwheel"]
