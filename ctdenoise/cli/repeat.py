"""Repeats the run whose card this is:  python repeat.py [FOLDER ...]

It needs CT Denoise (card.json says which version). Without folders it looks for the scans on this
computer; otherwise give one folder with low/ and full/ for each pair of card.json, in its order.
The result goes to "repeated", beside this file.
"""

import json
import sys
from pathlib import Path

from ctdenoise.cli.train import load_pairs
from ctdenoise.config.config import Config
from ctdenoise.training.trainer import train
from ctdenoise.workspace.run_card import find_pair, fingerprint

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Train again, in the folder of this script, what its card and settings say."""
    card = json.loads((HERE / "card.json").read_text(encoding="utf-8"))
    config = Config.model_validate_json((HERE / "config.json").read_text(encoding="utf-8"))
    given = [pair for folder in sys.argv[1:] for pair in load_pairs(Path(folder))]
    pairs = given or [find_pair(known["id"]) for known in card["pairs"]]
    for pair, known in zip(pairs, card["pairs"], strict=True):
        if fingerprint(pair) != known.get("sha256"):
            print(f"{pair.name} is not what the run learned from: expect another result.")
    start = HERE / "start.safetensors"
    ended = train(config, pairs, HERE / "repeated", start=start if start.exists() else None)
    print(ended.sentence)


if __name__ == "__main__":
    main()
