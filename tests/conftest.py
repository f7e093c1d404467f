"""What all tests share."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real CT that is not part of the repository."""
    if not SHARED_DATA.exists():
        pytest.skip("real CT in ../shared/data is not on this machine")
    return SHARED_DATA
