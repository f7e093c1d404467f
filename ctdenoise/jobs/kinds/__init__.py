"""The kinds of job, one file a family; they register themselves as they are imported."""
