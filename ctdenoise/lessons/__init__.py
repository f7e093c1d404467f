"""Lessons as data: what a step may hold, and how a folder of text becomes one."""
