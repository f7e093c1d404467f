"""The pages, by name: the menu draws them and links lead to them."""

from pathlib import Path

from ctdenoise.settings import ROOT

ICONS = {
    "Start": ":material/home:",
    "Scans": ":material/folder_open:",
    "Look": ":material/visibility:",
    "Denoise": ":material/auto_fix_high:",
    "Train": ":material/model_training:",
    "Sweep": ":material/grid_view:",
    "Watch": ":material/monitoring:",
    "Compare": ":material/compare:",
    "Map": ":material/scatter_plot:",
    "Features": ":material/grid_on:",
    "Dial": ":material/tune:",
}


def page(name: str) -> Path:
    """The script of a page, as links and the menu take it."""
    return ROOT / "pages" / f"{name.lower()}.py"
