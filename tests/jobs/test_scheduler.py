import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from distributed.core import Status

from ctdenoise.jobs import scheduler


@pytest.mark.parametrize(
    ("visible", "expected"),
    [("", []), ("-1", []), ("0,3", ["0", "3"]), ("GPU-8f2e", ["GPU-8f2e"])],
)
def test_the_environment_says_which_gpus(
    monkeypatch: pytest.MonkeyPatch, visible: str, expected: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert scheduler.gpus() == expected


def test_otherwise_the_driver_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert scheduler.gpus() == []
    driver = tmp_path / "nvidia-smi"
    driver.write_text('#!/bin/sh\necho "GPU 0: NVIDIA H100 (UUID: GPU-1)"\n'
                      'echo "  MIG 1g.10gb Device 0: (UUID: MIG-2)"\n'
                      'echo "GPU 1: NVIDIA H100 (UUID: GPU-3)"\n')  # fmt: skip
    driver.chmod(0o700)
    assert scheduler.gpus() == ["0", "1"]


@pytest.mark.parametrize(("own", "told"), [(None, "5000"), ("7", "7")])
def test_all_workers_share_their_cores_unless_the_administrator_says_otherwise(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: str | None, told: str
) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)
    if own:
        monkeypatch.setenv("GOMP_SPINCOUNT", own)
    monkeypatch.setattr(scheduler, "Nanny", lambda env, **_: env)
    found = scheduler.workers("tls://127.0.0.1:1", tmp_path)
    assert [env["GOMP_SPINCOUNT"] for env in found] == [told] * len(found) and len(found) >= 3


@pytest.mark.parametrize(
    ("clients", "tasks", "ends"),
    [((), (), True), (("server",), (), False), ((), ("turn-1",), False)],
)
def test_an_engine_that_nobody_needs_ends(
    monkeypatch: pytest.MonkeyPatch, clients: tuple[str], tasks: tuple[str], ends: bool
) -> None:
    monkeypatch.setattr(scheduler, "IDLE_SECONDS", 0.03)
    monkeypatch.setattr(scheduler, "LOOK_SECONDS", 0.01)
    state = SimpleNamespace(
        status=Status.running, tasks=dict.fromkeys(tasks),
        clients=dict.fromkeys(("fire-and-forget", *clients)),
    )  # fmt: skip

    async def watch() -> bool:
        until = scheduler._until_not_needed(state, asyncio.Event())  # type: ignore[arg-type]
        try:
            await asyncio.wait_for(until, 0.1)
        except TimeoutError:
            return False
        return True

    assert asyncio.run(watch()) == ends
