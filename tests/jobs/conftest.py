"""A home of its own for every module, a database of each kind, and a real engine."""

from homes import clean, home, pair_id, running, stand_in, store
from postgres import postgres

__all__ = ["clean", "home", "pair_id", "postgres", "running", "stand_in", "store"]
