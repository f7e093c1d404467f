"""The figure of the network: its layers, and how much of the picture each of them sees."""

from ctdenoise.config.config import Config
from ctdenoise.ui.components.text import telling_problems
from ctdenoise.ui.figures.component import draw, pair_of
from ctdenoise.ui.pictures import LowDose


@telling_problems
def show(config: Config, owner: str, pair_id: str, index: int, *, key: str) -> None:
    """Let a person see the receptive field of a config's network grow over a low-dose slice."""
    record = pair_of(owner, pair_id, index)
    spec = config.spec
    table = spec.layer_table(config, record.rows, record.columns)
    lines = [
        {
            "name": row.name,
            "kernel": row.kernel,
            "stride": row.stride,
            "shape": row.output_shape,
            "side": side,
        }
        for row, side in zip(table, spec.receptive_fields(config), strict=True)
    ]
    told = {
        "picture": LowDose(owner=owner, pair=pair_id, index=index).address,
        "lines": lines,
        "words": spec.in_words(config),
    }
    draw("network", record, told, key)
