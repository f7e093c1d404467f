"""What pyproject.toml cannot say: the wheel holds app.py and what lies beside it as well.

They go into ``ctdenoise/root``; ``ctdenoise.settings.ROOT`` finds them there or in the project.
"""

from pathlib import Path

from setuptools import find_packages, setup

BESIDE_APP = [
    ".streamlit/config.toml",
    "pages/*.py",
    "checkpoints/*.safetensors",
    "checkpoints/*.md",
    "checkpoints/features/*",
]
LESSONS = [
    path.as_posix()
    for path in sorted(Path("lessons").rglob("*"))
    if path.is_file() and path.suffix not in (".py", ".pyc")  # not how they were prepared
]

setup(
    packages=[*find_packages(include=["ctdenoise", "ctdenoise.*"]), "ctdenoise.root"],
    package_dir={"ctdenoise.root": "."},
    package_data={
        "ctdenoise": [
            "ui/icon.png",
            "ui/viewer/*",
            "ui/figures/*",
            "ui/components/dropzone.*",
            "ui/classroom/*",
            "scans/ldct.csv",
            "scans/sample_data/*",
        ],
        "ctdenoise.root": BESIDE_APP + LESSONS,
    },
    include_package_data=False,
)
