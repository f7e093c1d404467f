"""Networks, one idea a file: HU in, HU out, at any image size."""
