"""The import contracts hold, and they would notice if they did not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = "from importlinter.cli import lint_imports_command as run; run()"


def lint(source: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LINT, "--no-cache", "--no-logo"]
    command += ["--config", str(ROOT / "pyproject.toml")]
    environment = os.environ | {"PYTHONPATH": str(source)}
    return subprocess.run(
        command, cwd=source, env=environment, capture_output=True, text=True
    )


def test_the_contracts_hold():
    result = lint(ROOT / "src")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("where", "what", "complaint"),
    [
        ("helpers.py", "", "Stairs lead down"),
        ("core/stray.py", "from napari_sam import image", "Stairs lead down"),
        ("stores/stray.py", "import napari_sam.io", "Stairs lead down"),
        ("apps/stray.py", "", "The apps do not know each other"),
        ("io/stray.py", "import torch", "napari_sam.io.stray -> torch"),
        ("core/stray.py", "import scipy.ndimage", "napari_sam.core.stray -> scipy"),
        ("apps/cli/stray.py", "import napari", "napari_sam.apps.cli.stray -> napari"),
    ],
)
def test_a_stray_import_or_file_is_noticed(tmp_path, where, what, complaint):
    only_code = shutil.ignore_patterns("__pycache__", "weights", "*.yaml")
    copy = tmp_path / "src" / "napari_sam"
    shutil.copytree(ROOT / "src" / "napari_sam", copy, ignore=only_code)
    (copy / where).write_text(what + "\n")
    result = lint(tmp_path / "src")
    assert result.returncode != 0
    assert complaint in result.stdout
