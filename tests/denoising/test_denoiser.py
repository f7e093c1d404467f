"""The network on slices of any size: seam-free, faithful to float32, exact where it is known."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ctdenoise.config.config import Config
from ctdenoise.denoising import denoiser as denoising
from ctdenoise.denoising.denoiser import Denoiser
from ctdenoise.errors import Problem
from ctdenoise.training import checkpoint
from ctdenoise.training.checkpoint import build_network

NOISY = np.random.default_rng(1).normal(40, 200, (2, 230, 301)).astype(np.float32)


def a_checkpoint(path: Path, *, trained: bool = True, **settings: object) -> Path:
    """A network with random weights throughout (or as it is before training), saved."""
    config = Config(**{"layers": 4, "filters": 6, "device": "cpu", **settings})
    network = build_network(config)
    network.initialise(torch.Generator().manual_seed(3))
    network.scale(40.0, 200.0, 60.0)
    if trained:
        generator = torch.Generator().manual_seed(4)
        for weight in network.parameters():
            if not weight.any() and weight.ndim > 1:  # what starts at zero
                torch.nn.init.normal_(weight, std=0.2, generator=generator)
    checkpoint.save(path, network, config, {"unit": "HU"})
    return path


def plain(path: Path, slices: np.ndarray) -> np.ndarray:
    """The whole slices through the network in plain float32, without any of our means."""
    network = checkpoint.load(path).network
    with torch.no_grad():
        return network(torch.from_numpy(slices)[:, None])[:, 0].numpy()


def in_float32(path: Path) -> Denoiser:
    """Without the faster number format that some processors have, whose digits would show."""
    denoiser = Denoiser.load(path, "cpu")
    denoiser.machine = denoising.replace(denoiser.machine, hidden=torch.float32)
    denoiser.checked = True
    return denoiser


def in_bfloat16(path: Path) -> Denoiser:
    """With the faster number format, whether or not this processor has it, still to be checked."""
    denoiser = Denoiser.load(path, "cpu")
    denoiser.machine = denoising.replace(denoiser.machine, hidden=torch.bfloat16)
    denoiser.checked = False
    return denoiser


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"residual": False},
        {"kernel_size": 5, "layers": 3},
        {"kernel_size": 1},
        {"stride": 2},
        {"stride": 3, "kernel_size": 5},
        {"stride": 4, "residual": False},
        {"network": "unet"},
        {"network": "unet", "layers": 2, "kernel_size": 5, "residual": False},
    ],
)
def test_tiles_leave_no_seam(tmp_path: Path, settings: dict) -> None:
    path = a_checkpoint(tmp_path / "network.safetensors", **settings)
    denoiser = in_float32(path)
    denoiser.tile = 64, 64
    assert np.abs(denoiser.denoise(NOISY) - plain(path, NOISY)).max() < 0.1


def test_a_margin_one_stride_smaller_would_show(tmp_path: Path) -> None:
    """The overlap is as large as it must be: what lies just inside it still has an influence."""
    for settings in ({}, {"kernel_size": 5}):
        path = a_checkpoint(tmp_path / "network.safetensors", **settings)
        denoiser = in_float32(path)
        denoiser.tile = 64, 64
        denoiser.margin -= 1
        assert np.abs(denoiser.denoise(NOISY) - plain(path, NOISY)).max() > 0.1


def test_an_untrained_residual_network_returns_the_image_exactly(tmp_path: Path) -> None:
    denoiser = Denoiser.load(a_checkpoint(tmp_path / "n.safetensors", trained=False), "cpu")
    np.testing.assert_array_equal(denoiser.denoise(NOISY), NOISY)


def test_results_equal_plain_float32(tmp_path: Path) -> None:
    path = a_checkpoint(tmp_path / "n.safetensors", filters=32)
    difference = Denoiser.load(path).denoise(NOISY) - plain(path, NOISY)
    assert np.sqrt(np.mean(difference**2)) < 0.5


@pytest.mark.parametrize(("scale", "kept"), [(1.0, torch.bfloat16), (1e4, torch.float32)])
def test_a_faster_format_is_used_only_where_the_picture_stays(
    tmp_path: Path, scale: float, kept: torch.dtype
) -> None:
    path = a_checkpoint(tmp_path / "n.safetensors")
    exact, denoiser = in_float32(path), in_bfloat16(path)
    for each in (exact, denoiser):
        each.network.noise_sd.fill_(scale)
    off = denoiser.denoise(NOISY[:1]) - exact.denoise(NOISY[:1])
    assert denoiser.machine.hidden == kept and denoiser.checked
    assert np.sqrt(np.mean(off**2)) < 0.5


def test_one_pixel_of_soft_tissue_is_enough_to_keep_to_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error far below the limit on the average, and above it in a single place."""
    path = a_checkpoint(tmp_path / "n.safetensors", trained=False)
    for value, kept in ((40.0, torch.float32), (900.0, torch.bfloat16)):  # tissue, bone
        denoiser = in_bfloat16(path)

        def wrong_in_one_place(image: torch.Tensor, denoiser: Denoiser = denoiser) -> torch.Tensor:
            result = image.clone()
            if denoiser.machine.hidden == torch.bfloat16:
                result[20, 30] += 1.5
            return result

        monkeypatch.setattr(denoiser, "_pass", wrong_in_one_place)
        image = np.full((1, 128, 128), value, np.float32)
        denoiser.denoise(image)
        assert denoiser.machine.hidden == kept
    # Bone alone proved nothing: the next slice with tissue in it is looked at, and decides.
    assert not denoiser.checked
    denoiser.denoise(np.full((1, 128, 128), 40.0, np.float32))
    assert denoiser.machine.hidden == torch.float32


def test_it_settles_on_what_it_chose_for_slices_seen_before(tmp_path: Path) -> None:
    path = a_checkpoint(tmp_path / "n.safetensors")
    first = in_bfloat16(path)
    first.network.noise_sd.fill_(1e4)
    first.denoise(NOISY[:1])
    again = in_bfloat16(path)
    again.network.noise_sd.fill_(1e4)
    again.settle(iter(NOISY[:1]))
    assert again.checked and again.machine.hidden == first.machine.hidden == torch.float32
    again.settle(iter([None]))  # type: ignore[list-item]


def test_hu_reach_the_network_in_full_precision() -> None:
    """It takes the difference of neighbours, 0.5 HU at 1000 HU, where bf16 has steps of 4 HU."""
    network = build_network(Config(layers=2, filters=2, device="cpu"))
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    first, last = network.layers  # type: ignore[misc]
    for n, sign in enumerate((1.0, -1.0)):
        first.weight.data[n, 0, 1, 1:] = torch.tensor([-sign, sign])
        last.weight.data[0, n, 1, 1] = sign
    network.scale(0.0, 500.0, 500.0)
    ramp = (1000 + 0.5 * torch.arange(64.0)).expand(1, 1, 64, 64)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        differences = (ramp - network(ramp))[..., 1:-1]
    torch.testing.assert_close(differences, torch.full_like(differences, 0.5), rtol=0.01, atol=0)


@pytest.mark.parametrize("shape", [(64, 64), (64, 700), (1030, 65), (2048, 2048)])
@pytest.mark.parametrize("stride", [1, 2])
def test_any_size_in_the_usual_tiles(tmp_path: Path, shape: tuple[int, int], stride: int) -> None:
    path = a_checkpoint(tmp_path / "n.safetensors", stride=stride)
    noisy = np.random.default_rng(2).normal(40, 200, (1, *shape)).astype(np.float32)
    assert np.abs(in_float32(path).denoise(noisy) - plain(path, noisy)).max() < 0.1


def test_tiles_leave_no_seam_in_bfloat16_either(tmp_path: Path) -> None:
    path = a_checkpoint(tmp_path / "n.safetensors", filters=32)
    tiled, whole = in_bfloat16(path), in_bfloat16(path)
    tiled.tile, whole.tile = (64, 64), (512, 512)
    assert np.abs(tiled.denoise(NOISY) - whole.denoise(NOISY)).max() < 0.1
    assert tiled.machine.hidden == torch.bfloat16


def test_small_networks_stay_in_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctdenoise.training.device.multiplies_bfloat16", lambda device: True)
    formats = {
        filters: Denoiser.load(
            a_checkpoint(tmp_path / f"{filters}.safetensors", filters=filters), "cpu"
        ).machine.hidden
        for filters in (4, 32)
    }
    assert formats == {4: torch.float32, 32: torch.bfloat16}


def test_the_recipe_tells_networks_apart(tmp_path: Path) -> None:
    first, again, other = (
        Denoiser.load(a_checkpoint(tmp_path / f"{n}.safetensors", filters=filters), "cpu").recipe
        for n, filters in enumerate((6, 6, 7))
    )
    assert first == again != other
    activation = Denoiser.load(a_checkpoint(tmp_path / "e.safetensors", activation="elu"), "cpu")
    assert activation.recipe != first


def test_a_memory_map_is_read_slice_by_slice_and_left_alone(tmp_path: Path) -> None:
    path = a_checkpoint(tmp_path / "n.safetensors")
    np.save(tmp_path / "scan.npy", NOISY)
    told: list[float] = []
    denoiser = Denoiser.load(path, "cpu")
    mapped = np.load(tmp_path / "scan.npy", mmap_mode="r")
    denoised = denoiser.denoise(mapped, lambda fraction, sentence: told.append(fraction))
    np.testing.assert_array_equal(denoised, denoiser.denoise(NOISY))
    np.testing.assert_array_equal(mapped, NOISY)
    assert told == [0.5, 1.0]


def test_out_of_memory_halves_the_tile_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_checkpoint(tmp_path / "n.safetensors")
    denoiser = in_float32(path)
    wide = denoiser._pass

    def small_memory(image: torch.Tensor) -> torch.Tensor:
        if max(image.shape) > 150:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return wide(image)

    monkeypatch.setattr(denoiser, "_pass", small_memory)
    assert np.abs(denoiser.denoise(NOISY) - plain(path, NOISY)).max() < 0.1
    assert denoiser.tile == (128, 128)

    def no_memory(image: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(denoiser, "_pass", no_memory)
    with pytest.raises(Problem, match="does not fit the memory of this computer"):
        denoiser.denoise(NOISY)


def test_other_errors_are_not_mistaken_for_a_lack_of_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    denoiser = Denoiser.load(a_checkpoint(tmp_path / "n.safetensors"), "cpu")

    def broken(image: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr(denoiser, "_pass", broken)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        denoiser.denoise(NOISY)
