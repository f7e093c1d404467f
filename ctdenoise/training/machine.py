"""What this machine does fastest: device, number format, memory layout, memory."""

import ctypes
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn

from ctdenoise.errors import Problem

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h."""


@dataclass(frozen=True)
class Machine:
    """``hidden`` is the number format of all layers but the last."""

    device: torch.device
    hidden: torch.dtype
    memory_format: torch.memory_format

    @property
    def name(self) -> str:
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        if self.device.type == "mps":
            return "Apple GPU"
        return f"CPU, {torch.get_num_threads()} threads"

    @property
    def precision(self) -> str:
        return str(self.hidden).removeprefix("torch.")


def find_device(wish: str) -> torch.device:
    """The device of a config's word; raises :class:`Problem` where it is not there."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wish == "auto":
        wish = next((name for name, found in there.items() if found), "cpu")
    elif not there.get(wish, True):
        raise Problem(f"The device {wish}", "is not available here", "set the device to auto")
    return torch.device(wish)


def choose(device: str, precision: str, filters: int, kernel_size: int) -> Machine:
    """The device, and the number format that is faster there for a hidden layer of this size.

    The layout is a rule and not a measurement, since two layouts come too close to each other for
    the same one to win every time, and the same seed should give the same network.
    """
    found = find_device(device)
    layout = torch.contiguous_format if found.type == "mps" else torch.channels_last
    if precision != "auto":
        return Machine(found, getattr(torch, precision), layout)
    if not multiplies_bfloat16(found):
        return Machine(found, torch.float32, layout)
    return _faster(found, layout, filters, kernel_size)


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether the hardware has instructions for it; emulation is many times slower."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return False


@cache
def _faster(device: torch.device, layout: torch.memory_format, filters: int,
            kernel_size: int) -> Machine:  # fmt: skip
    candidates = [Machine(device, dtype, layout) for dtype in (torch.bfloat16, torch.float32)]
    times = [_seconds(_a_pass(machine, filters, kernel_size), device) for machine in candidates]
    return candidates[times.index(min(times))]


def _a_pass(machine: Machine, filters: int, kernel_size: int) -> Callable[[], None]:
    """Forward and backward through one hidden layer on a small batch."""
    layer = nn.Conv2d(filters, filters, kernel_size, padding=kernel_size // 2)
    layer = layer.to(machine.device, memory_format=machine.memory_format)  # type: ignore[call-overload]
    x = torch.ones(4, filters, 32, 32, device=machine.device, requires_grad=True)
    x = x.detach().to(memory_format=machine.memory_format).requires_grad_()

    def once() -> None:
        with torch.autocast(machine.device.type, machine.hidden, machine.hidden != torch.float32):
            y = layer(x).relu()
        torch.autograd.grad(y.float().sum(), [x, *layer.parameters()])

    return once


def _seconds(function: Callable[[], None], device: torch.device, repeats: int = 4) -> float:
    """Best of a few, after one to warm up."""
    best = float("inf")
    for repeat in range(repeats + 1):
        start = time.perf_counter()
        function()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if repeat:
            best = min(best, time.perf_counter() - start)
    return best


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
