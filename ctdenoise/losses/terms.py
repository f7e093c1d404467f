"""All terms of a loss at once."""

from collections.abc import Iterable, Mapping

from torch import Tensor, nn

from ctdenoise.losses import pixel

PIXEL = {"mse": pixel.mse, "mae": pixel.mae}


class Terms(nn.Module):
    """The unweighted terms ``names``, each small where ``output`` is like ``target``."""

    def __init__(self, names: Iterable[str], features: nn.Module | None = None) -> None:
        super().__init__()
        self.names, self.features = tuple(names), features

    def forward(self, output: Tensor, target: Tensor) -> Mapping[str, Tensor]:
        """Scalars by name; ``output`` and ``target`` are (batch, 1, rows, columns)."""
        terms = {name: PIXEL[name](output, target) for name in self.names if name in PIXEL}
        if self.features is not None:
            terms["vgg"] = self.features(output, target)
        return terms
