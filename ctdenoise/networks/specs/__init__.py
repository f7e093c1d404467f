"""A file a kind of network: what is known of it without torch (see ctdenoise/networks/spec.py)."""
