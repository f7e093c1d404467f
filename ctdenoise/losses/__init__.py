"""Loss terms, one idea a file, and how their influence is calibrated."""
