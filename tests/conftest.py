"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

# Before torch is loaded, and for the processes that tests start: threads that share a core wait for
# each other at every layer, and the tests' arrays are too small to gain by more than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from mayo import Mayo, stand_in
from serving import free_port

collect_ignore = ["helpers", "jobs/standin"]
"""Hold neither tests nor examples; some of their modules do something when they are imported."""

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARED_CASES = SHARED_DATA.with_name("cases")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real CT that is not part of the repository."""
    if not SHARED_DATA.exists():
        pytest.skip("real CT in ../shared/data is not on this machine")
    return SHARED_DATA


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """Small synthetic files that are easily misread."""
    if not SHARED_CASES.is_dir():
        pytest.skip("the files in ../shared/cases are not on this machine")
    return SHARED_CASES


@pytest.fixture(scope="session")
def made_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of workspaces with the sample in it, made once: to be read or copied."""
    from ctdenoise.workspace.sample import ensure_sample

    folder = tmp_path_factory.mktemp("workspaces")
    ensure_sample(folder)
    return folder


@pytest.fixture
def mayo(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mayo]:
    """The public archive of real pairs, on loopback."""
    with stand_in(tmp_path_factory.mktemp("archive"), monkeypatch) as archive:
        yield archive


@pytest.fixture
def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    return free_port()
