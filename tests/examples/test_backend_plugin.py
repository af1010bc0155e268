"""The model of the example passes the tests for backends."""

import runpy
from pathlib import Path

_PATH = Path(__file__).parents[2] / "examples" / "backend_plugin.py"
TestBlob = runpy.run_path(str(_PATH))["TestBlob"]
