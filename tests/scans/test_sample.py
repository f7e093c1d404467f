import numpy as np

from ctdenoise.scans.sample import DRAWS, sample_scans
from ctdenoise.workspace.library import Library
from ctdenoise.workspace.sample import ensure_sample


def test_the_sample_is_made_once_and_then_there(tmp_path):
    first = ensure_sample(tmp_path)
    again = ensure_sample(tmp_path)
    assert first == again and [r.name for r in first] == ["Abdomen", "Thoracic spine"]
    assert [p.name for p in tmp_path.iterdir()] == ["sample"]
    assert len({r.patient for r in first}) == 2
    library = Library(tmp_path / "sample")
    for record, scan in zip(first, sample_scans(), strict=True):
        pair = library.pair(record.id)
        assert pair.low.shape == (DRAWS, 1, 512, 512) and pair.simulated
        np.testing.assert_array_equal(pair.full, scan.values)
        added = pair.low - pair.full
        assert np.isfinite(pair.low).all() and 5 < added[:, 0, 200:300, 200:300].std() < 200
        assert abs(np.corrcoef(added[0].ravel(), added[1].ravel())[0, 1]) < 0.05
