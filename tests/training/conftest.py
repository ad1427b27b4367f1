"""Lets tests and the scripts they start share `tiny_run.py`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
