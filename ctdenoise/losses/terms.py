"""All terms of a loss at once."""

from collections.abc import Callable, Iterable, Mapping

from torch import Tensor, nn

from ctdenoise.losses import pixel
from ctdenoise.losses.adversarial import Critic
from ctdenoise.losses.spectrum import spectrum
from ctdenoise.losses.structure import Similarity
from ctdenoise.losses.vgg import VggFeatures
from ctdenoise.units import Window

VGG = "vgg_"
"""Begins the name of a feature term; the layer's follows."""


class Terms(nn.Module):
    """The unweighted terms ``names``, each small where ``output`` is like ``target``.

    ``window``: the values that count, for terms that need a range of values (SSIM's data range).
    ``features`` and ``critic`` belong to the terms of VGG16 and to the adversarial one.
    """

    def __init__(
        self,
        names: Iterable[str],
        window: Window,
        features: VggFeatures | None = None,
        critic: Critic | None = None,
    ) -> None:
        super().__init__()
        small = window.width / 1000
        known: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
            "mse": pixel.mse,
            "mae": pixel.mae,
            "charbonnier": lambda output, target: pixel.charbonnier(output, target, small),
            "ssim": Similarity(window.lower, window.width, multiscale=False),
            "ms_ssim": Similarity(window.lower, window.width, multiscale=True),
            "gradient": pixel.gradient,
            "texture": lambda output, target: spectrum(output, target, 2.5 * small),
        }
        self.simple = {name: known[name] for name in names if name in known}
        self.modules_of = nn.ModuleList(
            [f for f in self.simple.values() if isinstance(f, nn.Module)]
        )
        self.features, self.critic = features, critic

    def forward(self, output: Tensor, target: Tensor) -> Mapping[str, Tensor]:
        """Scalars by name; ``output`` and ``target`` are (batch, 1, rows, columns)."""
        terms = {name: term(output, target) for name, term in self.simple.items()}
        if self.features is not None:
            terms |= {VGG + layer: term for layer, term in self.features(output, target).items()}
        if self.critic is not None:
            terms["adversarial"] = self.critic(output)
        return terms
