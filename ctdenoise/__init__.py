"""CT Denoise: how a convolutional network removes noise from low-dose CT."""

__version__ = "0.2.0"
