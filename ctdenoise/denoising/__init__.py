"""Noise taken out of slices and whole series: by a trained network or a classical filter."""
