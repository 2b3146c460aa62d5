"""The α-β objective: overlap and structure of the latent space, one knob each."""

from __future__ import annotations

from torch import Tensor

from dvae_course.divergences import Divergence, InclusiveKL
from dvae_course.objectives.base import Objective, Terms, elbo_values
from dvae_course.priors.base import Seed
from dvae_course.randomness import Streams
from dvae_course.vae import VAE


class Decomposition(Objective):
    """loss = −E log p(x|z) + β KL(q(z|x)‖p(z)) + α D(q(z), p(z))  (Mathieu et al. 2019, eq. 7).

    Parameters
    ----------
    alpha : α ≥ 0, how strongly the aggregate posterior q(z) is drawn to the prior.
    beta : β ≥ 0, how much the encodings overlap; α = 0 is the β-VAE.
    divergence : D, by default the inclusive KL(p(z)‖q(z)) of the paper's pinwheel experiment.
    """

    alpha: Tensor
    beta: Tensor

    def __init__(self, alpha: float, beta: float, divergence: Divergence | None = None):
        super().__init__()
        self._hyperparameter("alpha", alpha)
        self._hyperparameter("beta", beta)
        self.divergence = divergence or InclusiveKL()

    def forward(self, vae: VAE, x: Tensor, *, generator: Seed, step: int = 0) -> Terms:
        """Terms `reconstruction`, `kl` and `divergence`."""
        streams = Streams.of(generator, "posterior")
        output = vae(x, streams)
        values = elbo_values(output)
        values["divergence"] = self.divergence(output, vae.prior, streams)
        return Terms(values, {"kl": self.beta, "divergence": self.alpha}, output)
