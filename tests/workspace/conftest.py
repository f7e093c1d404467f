"""A home of its own for every module, and a real engine in it."""

from homes import home, pair_id, running, runs, stand_in

__all__ = ["home", "pair_id", "running", "runs", "stand_in"]
