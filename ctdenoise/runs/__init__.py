"""Runs: which there are (store) and where they are executed (engine)."""
