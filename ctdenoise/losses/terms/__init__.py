"""The terms of a loss without torch, one file for those that are alike (see losses/term.py)."""
