"""A class on the pages: who is in it, what its teacher presents and what is shown to it."""
