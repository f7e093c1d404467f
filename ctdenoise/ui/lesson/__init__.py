"""The page Learn: lessons, step by step."""
