"""CT Denoise: how a convolutional network removes noise from low-dose CT."""

from importlib.metadata import version

__version__ = version("ctdenoise")
