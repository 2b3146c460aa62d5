"""Divergences D(q(z), p(z)) between the aggregate posterior and the prior, from a minibatch.

q(z) is estimated by the mixture of the batch's own encodings. Each docstring says what its
divergence cannot see.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from dvae_course.gaussians import LOG_2PI, DiagonalGaussian, FullGaussian, GaussianPosterior
from dvae_course.priors.base import Prior, Seed
from dvae_course.vae import VAEOutput


class Divergence(nn.Module):
    """Something ≥ 0 (up to sampling error) that is 0 when q(z) = p(z)."""

    def forward(self, output: VAEOutput, prior: Prior, generator: Seed) -> Float[Tensor, "*models"]:
        """The estimate from one batch of encodings."""
        raise NotImplementedError


class InclusiveKL(Divergence):
    """KL(p(z)‖q(z)), from prior samples: infinite in spirit where p has mass and q none.

    Cannot see: how much mass q puts where p has none, as long as q covers p. With the whole data
    set as one batch the estimate is unbiased for the aggregate posterior of these data; with a
    smaller batch it is too large.

    Parameters
    ----------
    samples : prior samples a batch; as many as the batch has points by default.
    """

    def __init__(self, samples: int | None = None):
        super().__init__()
        self.samples = _checked_samples(samples)

    def forward(self, output: VAEOutput, prior: Prior, generator: Seed) -> Float[Tensor, "*models"]:
        """E_{p(z)}[log p(z) − log q(z)]."""
        z = prior.sample(self.samples or output.z.shape[-2], generator).to(output.z)
        return (prior.log_prob(z) - aggregate_log_prob(output.posterior, z)).mean(-1)


class ExclusiveKL(Divergence):
    """KL(q(z)‖p(z)), from encoded samples: infinite in spirit where q has mass and p none.

    Cannot see: parts of p that q leaves empty, as long as q stays inside p. Each z is judged by a
    mixture that contains its own encoding, so that a small batch makes log q(z) too large.
    """

    def forward(self, output: VAEOutput, prior: Prior, generator: Seed) -> Float[Tensor, "*models"]:
        """E_{q(z)}[log q(z) − log p(z)]."""
        return (aggregate_log_prob(output.posterior, output.z) - prior.log_prob(output.z)).mean(-1)


class MMD(Divergence):
    """Squared maximum mean discrepancy Σ_s MMD²_s(q, p)  (Gretton et al. 2012).

    Kernels, with d² the squared distance: "imq" C/(C + d²) with C = 2 s·dim, "rbf"
    exp(−d²/(2 s·dim)), s over `scales` and dim the number of coordinates that are compared at once.
    Within a sample the U-statistic, across samples all pairs: unbiased, thus sometimes negative.

    Cannot see: structure finer than its narrowest kernel (a swarm of points distributed like p
    passes); `per_dimension=True` compares each latent coordinate on its own and adds up, as Mathieu
    et al. 2019 do, and then cannot see any dependence between coordinates.

    Parameters
    ----------
    kernel : "imq" or "rbf".
    scales : the s.
    per_dimension : one coordinate at a time, or all jointly.
    samples : prior samples a batch; as many as the batch has points by default.
    """

    def __init__(
        self,
        kernel: str = "imq",
        scales: Sequence[float] = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
        per_dimension: bool = True,
        samples: int | None = None,
    ):
        super().__init__()
        if kernel not in ("imq", "rbf"):
            raise ValueError(f'kernel must be "imq" or "rbf", got {kernel!r}')
        if not scales or min(scales) <= 0:
            raise ValueError(f"scales must be positive numbers, at least one, got {scales!r}")
        self.kernel, self.scales = kernel, tuple(scales)
        self.per_dimension, self.samples = per_dimension, _checked_samples(samples)

    def forward(self, output: VAEOutput, prior: Prior, generator: Seed) -> Float[Tensor, "*models"]:
        """MMD² between the batch's z and as many samples of the prior."""
        z = output.z
        return self.between(z, prior.sample(self.samples or z.shape[-2], generator).to(z))

    def between(
        self, x: Float[Tensor, "*models n latent"], y: Float[Tensor, "*models m latent"]
    ) -> Float[Tensor, "*models"]:
        """MMD² between two samples of at least two points each."""
        if min(x.shape[-2], y.shape[-2]) < 2:
            raise ValueError(f"MMD needs two points a sample, got {x.shape[-2]} and {y.shape[-2]}")
        if self.per_dimension:
            x, y = x.mT.unsqueeze(-1), y.mT.unsqueeze(-1)  # (*models, latent, n, 1)
        within = self._mean_kernel(x, x, distinct=True) + self._mean_kernel(y, y, distinct=True)
        squared = within - 2 * self._mean_kernel(x, y, distinct=False)
        return squared.sum(-1) if self.per_dimension else squared

    def _mean_kernel(self, x: Tensor, y: Tensor, distinct: bool) -> Tensor:
        """Mean of the kernel over pairs; `distinct` leaves out a point's pair with itself."""
        n, m, dim = x.shape[-2], y.shape[-2], x.shape[-1]
        d2 = (x.unsqueeze(-2) - y.unsqueeze(-3)).square().sum(-1)
        total = sum(self._kernel(d2, s * dim).sum((-2, -1)) for s in self.scales)
        if distinct:
            return (total - n * len(self.scales)) / (n * (n - 1))  # k(x, x) = 1
        return total / (n * m)

    def _kernel(self, d2: Tensor, scale: float) -> Tensor:
        if self.kernel == "imq":
            return 1 / (1 + d2 / (2 * scale))
        return torch.exp(-d2 / (2 * scale))


def _checked_samples(samples: int | None) -> int | None:
    if samples is not None and samples < 2:
        raise ValueError(f"samples must be at least 2, or None for the batch's size, got {samples}")
    return samples


def pairwise_log_prob(
    posterior: GaussianPosterior, z: Float[Tensor, "*models points latent"]
) -> Float[Tensor, "*models latent points batch"]:
    """log q(z_jd | x_i) for every coordinate d, point j and data point i.

    Raises `ValueError` for a full-covariance posterior, whose coordinates do not separate.
    """
    if not isinstance(posterior, DiagonalGaussian):
        raise ValueError(
            f"this needs a posterior with a diagonal covariance, got {type(posterior).__name__}; "
            'build the VAE with posterior="diagonal"'
        )
    features, coefficients = _quadratic_form(posterior, z)
    return features @ coefficients


def aggregate_log_prob(
    posterior: GaussianPosterior, z: Float[Tensor, "*models points latent"]
) -> Float[Tensor, "*models points"]:
    """log q(z) under the aggregate posterior q(z) = 1/n Σ_i q(z|x_i) of these n encodings."""
    if isinstance(posterior, DiagonalGaussian):
        features, coefficients = _quadratic_form(posterior, z)
        # All coordinates in one product: (points, latent·3) @ (latent·3, batch).
        log_q = features.transpose(-3, -2).flatten(-2) @ coefficients.flatten(-3, -2)
    else:
        one_by_one = FullGaussian(posterior.mu.unsqueeze(-3), posterior.scale_tril.unsqueeze(-4))
        log_q = one_by_one.distribution().log_prob(z.unsqueeze(-2))
    return torch.logsumexp(log_q, -1) - math.log(log_q.shape[-1])


def _quadratic_form(
    posterior: DiagonalGaussian, z: Tensor
) -> tuple[Float[Tensor, "*models latent points 3"], Float[Tensor, "*models latent 3 batch"]]:
    """log N(z; mu, scale) = [z², z, 1] · [−τ/2, mu τ, −(mu² τ + log_var + log 2π)/2], τ = 1/scale².

    As one small matrix product it costs a fraction of the differences taken out in full. Expanding
    the square loses about z² τ times the precision of the numbers, z counted from the mean code.
    """
    centre = posterior.mu.mean(-2, keepdim=True).detach()  # large offsets would cost digits
    z, mu, log_var = (z - centre).mT, (posterior.mu - centre).mT, posterior.log_var.mT
    tau = torch.exp(-log_var)
    features = torch.stack([z.square(), z, torch.ones_like(z)], -1)
    constant = -0.5 * (mu.square() * tau + log_var + LOG_2PI)
    return features, torch.stack([-0.5 * tau, mu * tau, constant], -2)
