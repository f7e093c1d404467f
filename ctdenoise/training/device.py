"""What this machine does fastest: device, number format, memory layout, memory."""

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread

import psutil
import torch

from ctdenoise.errors import Problem
from ctdenoise.settings import machine_mb, training_threads

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h."""
FEWEST_FILTERS = 16
"""From which on bfloat16 pays: measured on AVX-512 and AMX, a step of 6 layers takes 0.6 to 0.9 of
float32's time with 16 filters and 0.3 with 64; with fewer, converting eats the gain."""


@dataclass(frozen=True)
class Machine:
    """``hidden`` is the number format of all layers but the last."""

    device: torch.device
    hidden: torch.dtype
    memory_format: torch.memory_format

    @property
    def name(self) -> str:
        """The device's name for people."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        if self.device.type == "mps":
            return "Apple GPU"
        return f"CPU, {torch.get_num_threads()} threads"

    @property
    def kind(self) -> str:
        """What sort of device it is, in a sentence."""
        return "this computer" if self.device.type == "cpu" else "the graphics processor"

    @property
    def precision(self) -> str:
        """The hidden layers' number format by its name, such as bfloat16."""
        return str(self.hidden).removeprefix("torch.")


def find_device(wish: str) -> torch.device:
    """The device of a config's word; raises :class:`Problem` where it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wish == "auto":
        wish = next((name for name, found in there.items() if found), "cpu")
    elif not there.get(wish, True):
        raise Problem(
            f"A graphics processor of this kind ({wish})",
            "is not available here",
            "set the device to automatic (auto)",
        )
    return torch.device(wish)


def choose(device: str, precision: str, filters: int) -> Machine:
    """The device, and the number format and memory layout that suit it.

    Both are rules and not measured anew each time: two formats may come so close that now one wins
    and now the other, and the same seed should give the same network.
    """
    found = find_device(device)
    layout = torch.contiguous_format if found.type == "mps" else torch.channels_last
    if precision != "auto":
        return Machine(found, getattr(torch, precision), layout)
    faster = filters >= FEWEST_FILTERS and multiplies_bfloat16(found)
    return Machine(found, torch.bfloat16 if faster else torch.float32, layout)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the hardware has instructions for it; emulation is many times slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False


@contextmanager
def keeping_memory() -> Iterator[None]:
    """Let freed memory be used again instead of going back to the system after every layer.

    glibc maps large blocks anew each time, and the kernel then clears them page by page: with 32
    patches of 64 x 64 that is 400,000 page faults a step, a third of the time. Elsewhere than on
    glibc this does nothing.
    """
    if platform.libc_ver()[0] != "glibc":
        yield
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_THRESHOLD, 2**30)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
    try:
        yield
    finally:
        libc.mallopt(M_MMAP_THRESHOLD, 128 * 2**10)
        libc.mallopt(M_TRIM_THRESHOLD, 128 * 2**10)
        libc.malloc_trim(0)


@contextmanager
def with_threads_of_training() -> Iterator[None]:
    """Let this thread compute with as many as a training has, in a worker that otherwise has fewer.

    Torch keeps their number for each thread that calls it, and the last one that was set for those
    that have not called it yet: nobody else's is to change.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(training_threads() or before)
    others = Thread(target=torch.set_num_threads, args=(before,))
    others.start()
    others.join()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def available_memory(device: torch.device) -> int:
    """Bytes that a device has left; of a processor, at most the limit of its container."""
    if device.type == "cuda":
        kept_ready = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0] + kept_ready)
    # What a container uses of its limit is not looked at: files that were read count as used there
    # until somebody needs the place.
    return min(int(psutil.virtual_memory().available), machine_mb() << 20)


def crowded(device: torch.device) -> bool:
    """Whether less than half of a graphics processor's memory is left for whoever comes next. A
    processor's memory is watched by the worker that a training runs in."""
    if device.type != "cuda":
        return False
    return 2 * available_memory(device) < torch.cuda.get_device_properties(device).total_memory
