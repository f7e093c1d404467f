"""The pages, by name: how the menu groups them, and which one each leads to."""

from pathlib import Path

from ctdenoise.settings import ROOT

GROUPS = {
    # Those without a heading stand in the line itself: the way of a newcomer, numbered.
    "": {
        "Start": ":material/home:",
        "Look": ":material/counter_1:",
        "Train": ":material/counter_2:",
        "Watch": ":material/counter_3:",
        "Compare": ":material/counter_4:",
    },
    "Your scans": {
        "Scans": ":material/folder_open:",
        "Denoise": ":material/auto_fix_high:",
    },
    "Your class": {
        "Class": ":material/groups:",
        "Teach": ":material/co_present:",
    },
    "Laboratory": {
        "Sweep": ":material/grid_view:",
        "Map": ":material/scatter_plot:",
        "Features": ":material/grid_on:",
        "Dial": ":material/tune:",
    },
}
ICONS = {name: icon for group in GROUPS.values() for name, icon in group.items()}

NEXT = {
    "Start": ("Look", "see what a lower dose does"),
    "Look": ("Train", "train a network to take the noise away"),
    "Train": ("Watch", "watch it learn"),
    "Watch": ("Compare", "compare its picture with low and full dose"),
    "Compare": ("Train", "change the recipe and train another"),
    "Scans": ("Look", "see what a lower dose does"),
    "Denoise": ("Compare", "compare networks where the full dose is known"),
    "Class": ("Look", "see what a lower dose does"),
    "Teach": ("Class", "see the class as its learners do"),
    "Sweep": ("Map", "see all runs on one map"),
    "Map": ("Features", "see what the feature loss looks at"),
    "Features": ("Dial", "turn one network between smooth and grainy"),
    "Dial": ("Denoise", "denoise a scan of your own"),
}
"""After each page another, and what one does there."""


def page(name: str) -> Path:
    """The script of a page, as links and the menu take it."""
    return ROOT / "pages" / f"{name.lower()}.py"
