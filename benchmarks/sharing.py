"""Two jobs that share two cores: with two threads each, and with one.

    .venv/bin/python benchmarks/sharing.py [--rounds 3]

Each job is a process that passes pictures through convolutions. Threads that wait for each other
at the end of every layer wait for a core that the other job holds; that is why what people wait for
computes on a quarter of the cores. All ways take turns; a pair of jobs counts with the later one.
"""

import argparse
import os
import subprocess
import sys

from _bounds import beside, seconds, verdict

ROUNDS, SIDE = 12, 128
SOONER = 1.0
"""Two jobs that keep to a core each must not be later than two that use both: 6 to 20 times sooner
measured where nobody else computes, less where others do."""
WAYS = {"one job, 1 thread": (1, 1), "two jobs, 1 thread": (2, 1), "one job, 2 threads": (1, 2),
        "two jobs, 2 threads": (2, 2)}  # fmt: skip


def job(threads: int) -> None:
    """Say that it is ready, wait for a line, compute, and print the seconds that it took."""
    import torch

    torch.set_num_threads(threads)
    layer, picture = torch.nn.Conv2d(32, 32, 3, padding=1), torch.ones(1, 32, SIDE, SIDE)

    def compute() -> None:
        with torch.inference_mode():
            for _ in range(ROUNDS):
                layer(picture).relu_()

    compute()  # warms up
    print("ready", flush=True)
    sys.stdin.readline()
    print(seconds(compute), flush=True)


def together(jobs: int, threads: int) -> float:
    """Seconds of the later one of some jobs that begin at once, all on the first two cores."""
    command = [sys.executable, __file__, "--threads", str(threads)]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(jobs)
    ]
    for each in running:
        assert each.stdout and each.stdout.readline() == "ready\n"
    for each in running:
        assert each.stdin
        each.stdin.write("\n")
        each.stdin.flush()
    return max(float(each.communicate()[0]) for each in running)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.threads:
        job(options.threads)
        return 0
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way, (jobs, threads) in WAYS.items():
            times[way].append(together(jobs, threads))
    single, pair, single_two, pair_two = times
    beside(pair, times[pair], times[single], single)
    beside(pair_two, times[pair_two], times[single_two], single_two)
    beside(pair, times[pair], times[pair_two], pair_two, at_least=SOONER)
    return verdict()


if __name__ == "__main__":
    sys.exit(main())
