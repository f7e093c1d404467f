"""Everything that takes time: the queue of jobs, what executes them, and their kinds."""
