"""Training: the typed configuration, patches, the loop, the checkpoint."""
