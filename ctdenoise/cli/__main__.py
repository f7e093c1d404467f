"""``python -m ctdenoise.cli`` is the same as ``ctdenoise``."""

import sys

from ctdenoise.cli import main

sys.exit(main())
