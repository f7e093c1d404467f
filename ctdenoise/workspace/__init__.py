"""What people own: scans, pairs, runs, results and networks, and who may see what."""
