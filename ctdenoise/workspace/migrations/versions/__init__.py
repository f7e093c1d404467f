"""One schema a file, in the order of their numbers."""
