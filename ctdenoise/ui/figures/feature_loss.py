"""The figure of the feature loss: output and target through VGG16's blocks to a number."""

from ctdenoise.jobs.kinds.figures import LAYERS
from ctdenoise.losses.terms.vgg import CHANNELS, layer_title
from ctdenoise.ui.components import palette
from ctdenoise.ui.components.text import telling_problems
from ctdenoise.ui.figures.component import draw, pair_of
from ctdenoise.ui.figures.stages import DenoisedLoss, LowDoseLoss
from ctdenoise.ui.pictures import Denoised
from ctdenoise.ui.session import workspace
from ctdenoise.workspace import denoisers
from ctdenoise.workspace.access import Visitor, require


@telling_problems
def show(owner: str, pair_id: str, index: int, *, key: str, output: Denoised | None = None) -> None:
    """Let a person see what VGG16 makes of a slice and its full dose: of the low dose or, where an
    ``output`` is given, of what its network makes of that."""
    record = pair_of(owner, pair_id, index)
    slice_ = {"owner": owner, "pair": pair_id, "index": index}
    name, color = "Low dose", palette.LOW.color
    if output:
        require(Visitor(workspace()), "see", *output.things(), what="This network")
        name, color = denoisers.title(output.method, record.unit), palette.NETWORK.color

    def address(step: str) -> str:
        if output is None:
            return LowDoseLoss.model_validate({**slice_, "step": step}).address
        network = output.model_dump(include={"network", "version", "setting"})
        return DenoisedLoss.model_validate({**network, **slice_, "step": step}).address

    blocks = [
        {step: address(f"{step}-{number}") for step in ("seen", "wanted", "differences")}
        | {"maps": CHANNELS[str(number)], "layer": layer_title(layer)}
        for number, layer in enumerate(LAYERS, 1)
    ]
    told = {
        "name": name,
        "color": color,
        **{step: address(step) for step in ("output", "target", "squares")},
        "blocks": blocks,
    }
    draw("feature_loss", record, told, key)
