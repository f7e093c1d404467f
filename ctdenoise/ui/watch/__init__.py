"""The Watch page: one run, from before training to its last epoch."""
