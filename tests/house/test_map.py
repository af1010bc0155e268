"""The map of CONTRIBUTING.md names files that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_map_of_ten_tasks_names_files_that_are_there():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    table = page.partition("## Where to open")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) == 10
    paths = re.findall("`([^`]+)`", "\n".join(rows))
    missing = [p for p in paths if not (ROOT / "src/napari_sam" / p).exists()]
    assert missing == []
    assert len(paths) >= 10
