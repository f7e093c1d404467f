"""A derived series from an array, as tests have it."""

from ctdenoise.scans import writing


def write_values(values, sources, out, *, description, recipe="some network", **options):
    slices = zip(sources, values, strict=True)
    return writing.write_series(slices, out, description=description, recipe=recipe, **options)
