"""The Scans page."""
