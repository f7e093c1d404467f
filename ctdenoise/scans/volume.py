"""Volumes with axes of their own, as NIfTI, MetaImage and NRRD have them, cut into slices.

Slices lie across the axis that runs most from feet to head, whichever of the file's axes that is:
CT is acquired and judged so. (An axis of one voxel is the one across which a single slice lies.)
Nothing is resampled; rows and columns are the file's own, wherever they run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ctdenoise.errors import Problem
from ctdenoise.scans.readers import ImageStack

SKEW = 1e-3
"""Cosine between the rows and columns of a slice up to which they count as perpendicular."""


@dataclass(frozen=True)
class Cut:
    """How a volume of voxels (i, j, k) is cut: which of its axes are slices, rows and columns."""

    slices: int
    rows: int
    columns: int

    def sizes(self, shape: Sequence[int]) -> dict[str, int]:
        """Numbers of slices, rows and columns of a volume of this shape, by these words."""
        return {name: int(shape[axis]) for name, axis in vars(self).items()}

    def stack(self, voxels: NDArray[np.generic]) -> NDArray[np.generic]:
        """A view (slices, rows, columns) of voxels (i, j, k)."""
        return voxels.transpose(self.slices, self.rows, self.columns)

    def voxels(self, stack: NDArray[np.float32]) -> NDArray[np.float32]:
        """A view (i, j, k) of (slices, rows, columns)."""
        return stack.transpose(np.argsort((self.slices, self.rows, self.columns)))


def cut(shape: Sequence[int], affine: NDArray[np.float64]) -> Cut:
    """How to cut voxels of this shape; ``affine`` as in :func:`image_stack`."""
    directions = np.abs(affine[2, :3]) / np.maximum(np.linalg.norm(affine[:3, :3], axis=0), 1e-30)
    single = [axis for axis in (2, 1, 0) if shape[axis] == 1]
    across = single[0] if single else int(np.argmax(directions + np.array([0, 0, 1e-6])))
    columns, rows = (axis for axis in range(3) if axis != across)
    return Cut(across, rows, columns)


def image_stack(
    name: str,
    voxels: NDArray[np.generic],
    affine: NDArray[np.float64],
    *,
    slope: float = 1.0,
    intercept: float = 0.0,
) -> ImageStack:
    """The slices of ``voxels`` (i, j, k), which may be mapped from a file.

    ``affine`` (4, 4): from (i, j, k, 1) to mm to the left, back and head (LPS), as in DICOM
    (PS3.3 C.7.6.2.1.1). Where it says nothing, being singular, spacing and places are unknown. It
    may lean slices against each other, as a tilted gantry does. Raises :class:`Problem` where it
    makes rows and columns oblique to each other, which no slice of a scan is.
    """
    how = cut(voxels.shape, affine)
    stack = how.stack(voxels)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-12:
        return ImageStack(stack, slope=slope, intercept=intercept)
    column, row, step = affine[:3, [how.columns, how.rows, how.slices]].T
    across, down = float(np.linalg.norm(column)), float(np.linalg.norm(row))
    along_row, along_column = column / across, row / down
    if abs(along_row @ along_column) > SKEW:
        raise Problem(name, "has rows and columns that are oblique to each other", "resample it")
    x, y, z, u, v, w = (float(c) + 0.0 for c in (*along_row, *along_column))
    return ImageStack(
        stack,
        spacing=(down, across),
        orientation=(x, y, z, u, v, w),
        origins=affine[:3, 3] + np.arange(len(stack))[:, None] * step,
        slope=slope,
        intercept=intercept,
    )
