"""Losses: what training minimises, each term a number to make small."""
