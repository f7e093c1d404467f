"""Line integrals through an image and back again: a parallel beam in torch.

Both directions go through the Fourier slice theorem: the one-dimensional spectrum of a projection
is a spoke through the two-dimensional spectrum of the image. Spokes and square grid are tied by
gridding with a Kaiser-Bessel kernel (Beatty et al., IEEE TMI 2005;24:799) on an oversampled grid,
so that a projection is band-limited, loses no SD to linear interpolation and costs a few
milliseconds: FFTs plus one weighted sum over neighbours, whose indices and weights are
computed once for a geometry.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

TAPS = 5
"""Neighbours of a spoke's sample in each direction of the grid."""

OVERSAMPLING = 1.5
"""Grid points per pixel; with five taps the error stays near one part in ten thousand."""

_BETA = math.pi * math.sqrt((TAPS / OVERSAMPLING) ** 2 * (OVERSAMPLING - 0.5) ** 2 - 0.8)


class ParallelBeam:
    """Views over 180 degrees of an image that lies centred on the axis of rotation.

    ``shape``: rows and columns; ``spacing``: distance of rows and of columns, mm. View m looks
    along the normal of (cos, sin)(pi m / views) in (columns, rows); ray j passes at a distance of
    (j - (rays - 1) / 2) ``ray_spacing`` mm from the centre. ``rays`` x ``ray_spacing`` must be at
    least the image's diagonal, since what lies beyond wraps around. ``band``: the highest
    frequency that is projected, lp/mm.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        spacing: tuple[float, float],
        *,
        views: int,
        rays: int,
        ray_spacing: float,
        band: float = math.inf,
        device: str = "cpu",
    ) -> None:
        self.shape, self.spacing, self.views, self.rays = shape, spacing, views, rays
        self.ray_spacing, self.device = ray_spacing, device
        step = 1 / (rays * ray_spacing)
        self.frequencies = torch.arange(rays // 2 + 1, dtype=torch.float64) * step
        self._spokes = int(min(band / step, rays // 2)) + 1  # samples of a spoke that are used
        self._grid = fast_length(OVERSAMPLING * shape[0]), fast_length(OVERSAMPLING * shape[1])
        # Spokes fill the half plane of row frequencies >= 0, for which these grid rows are enough.
        highest = (self._spokes - 1) / rays * (spacing[0] / ray_spacing) * self._grid[0]
        self._half = min(self._grid[0], math.ceil(highest) + TAPS + 1)

    def project(self, images: Tensor, window: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """Line integrals, in mm times the image's unit: (n, rows, columns) -> (n, views, rays).

        ``window`` of the frequency in lp/mm smooths along the rays.
        """
        columns = self._grid[1]
        centred = pad(images * self._deapodisation, self._margins)
        half = torch.fft.fft(centred, dim=-2).roll(TAPS // 2, dims=-2)[:, : self._half]
        grid = torch.fft.fft(half, dim=-1).reshape(len(images), self._half * columns)
        nodes, weights = self._neighbours
        spokes = _weighted_sum(grid, nodes, weights).reshape(len(images), self.views, -1)
        spectrum = spokes * self._phase
        if window is not None:
            spectrum = spectrum * window(self.frequencies[: self._spokes]).to(self.device)
        scale = self.spacing[0] * self.spacing[1] / self.ray_spacing
        lines: Tensor = torch.fft.irfft(spectrum, n=self.rays)
        return lines * scale

    def backproject(self, projections: Tensor, transfer: Tensor | None = None) -> Tensor:
        """pi / views times the sum over views of each view's value at every pixel.

        ``projections``: (n, views, rays), interpolated without loss between rays; ``transfer``:
        (rays // 2 + 1,) multiplies their spectra beforehand. Returns (n, rows, columns).
        """
        rows, columns = self._grid
        weight = torch.full((self._spokes,), 2.0, device=self.device)  # the other half plane
        weight[0] = 1
        if self._spokes == self.rays // 2 + 1 and self.rays % 2 == 0:
            weight[-1] = 1
        if transfer is not None:
            weight = weight * transfer[: self._spokes]
        weight = weight * (math.pi / self.views / self.rays)
        spectrum = torch.fft.rfft(projections)[..., : self._spokes]
        spokes = (spectrum * (self._phase.conj() * weight)).reshape(len(projections), -1)
        sources, weights, offsets = self._transposed
        grid = _weighted_sum(spokes, sources, weights, offsets)
        half = grid.reshape(len(projections), self._half, columns)
        left, _, top, _ = self._margins
        across = torch.fft.ifft(half, dim=-1, norm="forward")[..., left : left + self.shape[1]]
        full = pad(across, (0, 0, 0, rows - self._half)).roll(-(TAPS // 2), dims=-2)
        whole: Tensor = torch.fft.ifft(full, dim=-2, norm="forward").real
        image = whole[:, top : top + self.shape[0]]
        return image * self._deapodisation

    def fbp(self, projections: Tensor, window: Callable[[Tensor], Tensor]) -> Tensor:
        """Filtered back-projection with |f| times ``window`` of the frequency in lp/mm."""
        transfer = self.ramp * window(self.frequencies)
        return self.backproject(projections, transfer.float().to(self.device))

    @cached_property
    def ramp(self) -> Tensor:
        """|f| in 1/mm as the transform of its sampled kernel, so that the mean comes out right.

        Kak and Slaney, "Principles of computerized tomographic imaging", 1988, eq. 61.
        """
        index = torch.arange(self.rays, dtype=torch.float64)
        distance = torch.minimum(index, self.rays - index)
        kernel = torch.where(distance % 2 == 1, -1 / (math.pi * distance) ** 2, 0.0)
        kernel[0] = 0.25
        ramp: Tensor = torch.fft.rfft(kernel).real
        return ramp / self.ray_spacing

    @cached_property
    def _angles(self) -> Tensor:
        return torch.arange(self.views, dtype=torch.float64) * (math.pi / self.views)

    @cached_property
    def _phase(self) -> Tensor:
        """Moves the origin from the grid's node and the first ray to the centre: (views, k)."""
        rows, columns = (
            (n // 2 - (n - 1) / 2) * d for n, d in zip(self.shape, self.spacing, strict=True)
        )
        frequencies = self.frequencies[: self._spokes]
        along = torch.cos(self._angles) * columns + torch.sin(self._angles) * rows
        first = (self.rays - 1) / 2 * self.ray_spacing
        turns = frequencies * (along[:, None] + first)
        return torch.polar(torch.ones_like(turns), -2 * math.pi * turns).to(
            self.device, torch.complex64
        )

    @cached_property
    def _margins(self) -> tuple[int, int, int, int]:
        """Left, right, top and bottom padding that brings the pixel n // 2 to the grid's centre."""
        (rows, columns), (down, across) = self.shape, self._grid
        left, top = across // 2 - columns // 2, down // 2 - rows // 2
        return left, across - columns - left, top, down - rows - top

    @cached_property
    def _deapodisation(self) -> Tensor:
        """Undoes the Kaiser-Bessel kernel's own transform: (rows, columns)."""
        factors = []
        for pixels, grid in zip(self.shape, self._grid, strict=True):
            position = (torch.arange(pixels, dtype=torch.float64) - pixels // 2) / grid
            root = torch.sqrt(_BETA**2 - (math.pi * TAPS * position) ** 2)
            factors.append(root / (TAPS * torch.sinh(root)))
        return torch.outer(factors[0], factors[1]).float().to(self.device)

    @property
    def _lattice(self) -> "_Lattice":
        rays = self.spacing[0] / self.ray_spacing, self.spacing[1] / self.ray_spacing
        return _Lattice(self.views, self.rays, self._spokes, rays, self._grid, self._half)

    @cached_property
    def _neighbours(self) -> tuple[Tensor, Tensor]:
        return _neighbours(self._lattice, self.device)

    @cached_property
    def _transposed(self) -> tuple[Tensor, Tensor, Tensor]:
        return _transposed(self._lattice, self.device)


@dataclass(frozen=True)
class _Lattice:
    """Where the samples of the spokes lie on the grid. The same for all pixels of one shape,
    however large they are, as long as the rays lie as many pixels apart.

    ``spokes``: samples of a spoke; ``pixel``: rows and columns apart in rays; ``half``: rows of the
    ``grid`` that are used.
    """

    views: int
    rays: int
    spokes: int
    pixel: tuple[float, float]
    grid: tuple[int, int]
    half: int

    def taps(self) -> tuple[Tensor, Tensor]:
        """Grid nodes around each spoke sample and their weights, (views k, TAPS²), on the CPU."""
        angles = torch.arange(self.views, dtype=torch.float64) * (math.pi / self.views)
        frequencies = torch.arange(self.spokes, dtype=torch.float64) / self.rays
        nodes, weights = [], []
        for direction, pixel, grid in zip(
            (torch.sin(angles), torch.cos(angles)), self.pixel, self.grid, strict=True
        ):
            place = (direction[:, None] * frequencies).reshape(-1, 1) * (pixel * grid)
            node = torch.ceil(place - TAPS / 2) + torch.arange(TAPS)
            distance = (place - node) * (2 / TAPS)
            weight = torch.special.i0(_BETA * torch.sqrt((1 - distance**2).clamp(min=0)))
            # The image is centred in its padding, which flips the sign of every other node.
            weights.append((weight * (1 - 2 * (node.long() % 2))).float())
            nodes.append(node.int())
        row = (nodes[0] + TAPS // 2) % self.grid[0]
        column = nodes[1] % self.grid[1]
        node = (row * self.grid[1])[:, :, None] + column[:, None, :]
        weight = weights[0][:, :, None] * weights[1][:, None, :]
        return node.reshape(-1, TAPS**2), weight.reshape(-1, TAPS**2)


@lru_cache(maxsize=2)
def _neighbours(lattice: _Lattice, device: str) -> tuple[Tensor, Tensor]:
    nodes, weights = lattice.taps()
    return nodes.to(device), weights.to(device)


@lru_cache(maxsize=2)
def _transposed(lattice: _Lattice, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """For each grid node the spoke samples around it, their weights and where they begin."""
    nodes, weights = (each.reshape(-1) for each in lattice.taps())
    order = torch.argsort(nodes, stable=True)
    counts = torch.bincount(nodes, minlength=lattice.half * lattice.grid[1])
    offsets = (counts.cumsum(0) - counts).int()
    sources = (order // TAPS**2).int()
    return sources.to(device), weights[order].to(device), offsets.to(device)


@lru_cache(maxsize=4)
def parallel_beam(
    shape: tuple[int, int],
    spacing: tuple[float, float],
    views: int,
    rays: int,
    ray_spacing: float,
    band: float,
    device: str,
) -> ParallelBeam:
    """A beam whose tables (some 70 MB for 512 x 512 pixels) stay for the next call."""
    return ParallelBeam(
        shape, spacing, views=views, rays=rays, ray_spacing=ray_spacing, band=band, device=device
    )


def fast_length(at_least: float) -> int:
    """The next even length whose only prime factors are 2, 3 and 5, which FFTs are quick at."""
    length = 2 * math.ceil(at_least / 2)
    while True:
        rest = length
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return length
        length += 2


def _weighted_sum(
    values: Tensor, sources: Tensor, weights: Tensor, offsets: Tensor | None = None
) -> Tensor:
    """Sparse matrix times complex ``values`` (n, inputs) -> (n, outputs), all n in one pass."""
    count = len(values)
    table = torch.view_as_real(values).permute(1, 0, 2).reshape(values.shape[1], 2 * count)
    summed = embedding_bag(sources, table, offsets, mode="sum", per_sample_weights=weights)
    pairs = summed.reshape(-1, count, 2).permute(1, 0, 2).contiguous()
    return torch.view_as_complex(pairs)
