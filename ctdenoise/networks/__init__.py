"""Networks: HU in, HU out, any image size; normalisation lives inside and nowhere else."""
