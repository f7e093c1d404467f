"""A home of its own for every module, and a real engine in it."""

from homes import clean, home, pair_id, running, stand_in

__all__ = ["clean", "home", "pair_id", "running", "stand_in"]
