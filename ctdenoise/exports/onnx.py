"""A network as ONNX (onnx.ai), for programs that know nothing of this one."""

import io
import warnings
from collections.abc import Sequence
from pathlib import Path

from ctdenoise import __version__
from ctdenoise.errors import Problem, telling_disk_problems
from ctdenoise.files import write_atomically

INPUT, OUTPUT = "image", "denoised"
"""float32 (batch, 1, rows, columns) of any size, both in the unit of the metadata."""
ANY = {0: "batch", 2: "rows", 3: "columns"}
EXAMPLE = (2, 1, 67, 71)
"""The size at which the network is watched; no two sides of it are alike or even."""
OPSET = 13
"""The operators of 2020, in IR version 7: what every runtime since then reads. Those of the newer
exporter (opset 18, IR version 10) are unknown to runtimes of 2023."""


@telling_disk_problems
def export_onnx(network: Path, path: Path, setting: Sequence[float] = ()) -> Path:
    """Write the network of a run's folder or checkpoint file into ``path``, whole or not at all.

    ``setting`` is where the dial of a network with one is fixed, 0 to 1 for each of its terms. HU
    in, HU out, whatever the network does inside, by operators that are common to runtimes
    (onnxruntime, OpenCV's dnn, TensorRT); the metadata hold ``unit``, ``config`` (JSON),
    ``setting`` and ``version``. Raises :class:`Problem` for what is no checkpoint or no dial.
    """
    import onnx
    import torch

    from ctdenoise.denoising.denoiser import Denoiser

    if path.is_dir():
        raise Problem(path.name, "is a folder", "name the file to write, like network.onnx")
    denoiser = Denoiser.load(network, "cpu", setting)
    plain = denoiser.network.to(memory_format=torch.contiguous_format).eval()
    exported = io.BytesIO()
    with warnings.catch_warnings():  # notes to developers
        warnings.simplefilter("ignore")
        torch.onnx.export(
            plain,
            (torch.zeros(EXAMPLE),),
            exported,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: ANY, OUTPUT: ANY},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_from_string(exported.getvalue())
    unit = denoiser.card.get("unit", "HU")
    model.producer_name, model.producer_version = "CT Denoise", __version__
    model.doc_string = (
        f"Removes noise from CT slices: {unit or 'the training unit'} in and out, any size. Not a "
        "medical device: for teaching and research only."
    )
    onnx.helper.set_model_props(
        model,
        {
            "unit": unit,
            "config": denoiser.config.model_dump_json(),
            "setting": " ".join(f"{part:g}" for part in setting),
            "version": __version__,
        },
    )
    onnx.checker.check_model(model)
    write_atomically(path, model.SerializeToString())
    return path
