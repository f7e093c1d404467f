"""A critic that learns to tell denoised from full dose: WGAN-GP.

Sources: Yang et al., "Low-dose CT image denoising using a generative adversarial network with
Wasserstein distance and perceptual loss", IEEE TMI 2018 (the critic); Gulrajani et al., NeurIPS
2017 (the gradient penalty).
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ctdenoise.losses.balance import LearningTerm
from ctdenoise.losses.terms.adversarial import FILTERS, HIDDEN, STRIDES

PENALTY = 10.0
RATE, BETAS = 1e-4, (0.5, 0.9)


class Critic(LearningTerm):
    """Scores patches of ``side`` pixels: high for full dose, low for what a network made.

    ``lower`` and ``width`` put the image on 0..1. ``learn`` moves it once; :meth:`forward` is the
    loss of the network that is criticised.
    """

    def __init__(self, side: int, lower: float, width: float, seed: int) -> None:
        super().__init__()
        self.lower, self.width = lower, width
        layers: list[nn.Module] = []
        channels = 1
        for filters, stride in zip(FILTERS, STRIDES, strict=True):
            layers += [nn.Conv2d(channels, filters, 3, stride, padding=1), nn.LeakyReLU(0.2)]
            channels, side = filters, -(-side // stride)
        layers += [nn.Flatten(), nn.Linear(channels * side**2, HIDDEN), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(HIDDEN, 1))
        self.generator = torch.Generator().manual_seed(seed)
        for parameter in self.layers.parameters():
            bound = parameter[0].numel() ** -0.5 if parameter.ndim > 1 else 0.0
            nn.init.uniform_(parameter, -bound, bound, generator=self.generator)
        self.optimiser = torch.optim.Adam(self.layers.parameters(), RATE, BETAS)

    def score(self, image: Tensor) -> Tensor:
        """One number a patch, (batch, 1)."""
        scores: Tensor = self.layers((image - self.lower) / self.width)
        return scores

    def forward(self, output: Tensor, target: Tensor | None = None) -> Tensor:
        """What the network minimises: minus the mean score of (batch, 1, side, side)."""
        return -self.score(output).mean()

    def pull(self, batch: int) -> float:
        """Norm of the loss' gradient in the pixels of a batch, once the critic has learned: the
        penalty drives it to 1 a patch on the scale 0..1."""
        return float(batch**-0.5 / self.width)

    def learn(self, output: Tensor, target: Tensor) -> None:
        """One step of the critic on a batch of denoised and full-dose patches."""
        output, target = output.detach(), target.detach()
        share = torch.rand(len(output), 1, 1, 1, generator=self.generator).to(output.device)
        between = torch.lerp(output, target, share).requires_grad_()
        slopes = torch.autograd.grad(self.score(between).sum(), between, create_graph=True)[0]
        lengths = (slopes * self.width).flatten(1).norm(dim=1)
        loss = self.score(output).mean() - self.score(target).mean()
        self.optimiser.zero_grad()
        (loss + PENALTY * (lengths - 1).square().mean()).backward()
        self.optimiser.step()

    def tensors(self) -> dict[str, Tensor]:
        """All that it needs to go on learning, by name."""
        found = {f"layers/{k}": v for k, v in self.layers.state_dict().items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            found |= {f"optimiser/{index}/{k}": v for k, v in state.items()}
        return found | {"generator": self.generator.get_state()}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what :meth:`tensors` gave."""
        self.layers.load_state_dict(
            {k.removeprefix("layers/"): v for k, v in tensors.items() if k.startswith("layers/")}
        )
        state: dict[int, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            if key.startswith("optimiser/"):
                _, index, name = key.split("/")
                state.setdefault(int(index), {})[name] = tensor
        groups = self.optimiser.state_dict()["param_groups"]
        self.optimiser.load_state_dict({"state": state, "param_groups": groups})
        self.generator.set_state(tensors["generator"])
