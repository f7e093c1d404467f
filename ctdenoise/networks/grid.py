"""What a U-Net divides the size by at its smallest (no torch)."""

GRID = 4
"""Sizes that it takes as they are are multiples of this; others are continued at their edges."""
