"""What pyproject.toml cannot say: the wheel holds app.py and what lies beside it as well.

They go into ``ctdenoise/root``; ``ctdenoise.settings.ROOT`` finds them there or in the project.
"""

from setuptools import find_packages, setup

BESIDE_APP = [
    ".streamlit/config.toml",
    "pages/*.py",
    "checkpoints/*.safetensors",
    "checkpoints/*.md",
    "checkpoints/features/*",
    "lessons/*/*.yaml",
    "lessons/*/*.png",
    "lessons/*/*.svg",
    "lessons/*/*.jpg",
]

setup(
    packages=[*find_packages(include=["ctdenoise", "ctdenoise.*"]), "ctdenoise.root"],
    package_dir={"ctdenoise.root": "."},
    package_data={
        "ctdenoise": [
            "ui/icon.png",
            "ui/viewer/*",
            "ui/components/dropzone.*",
            "ui/classroom/*",
            "scans/ldct.csv",
            "scans/sample_data/*",
        ],
        "ctdenoise.root": BESIDE_APP,
    },
    include_package_data=False,
)
