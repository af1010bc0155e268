"""Write the figures of `pocket` into its card and into the page on evaluation.

::

    python benchmarks/pocket_data.py DATA LAYOUT
    python benchmarks/pocket_card.py LAYOUT [FOLDER]

runs the commands that stand in ``docs/models/pocket.md`` and ``docs/evaluation.md`` and
puts what they print between the two marks there. FOLDER gets the report on the real
images, with the worst cases as pictures.
"""

import shlex
import sys
from pathlib import Path

from click.testing import CliRunner

from napari_sam.apps.cli import main

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
SCENES = ["--synthetic", "20", "--objects", "6"]


def refresh(page: Path, words: list[str]) -> None:
    words = ["evaluate", "pocket", *words, "--classical", "--markdown"]
    print(f"napari-sam {shlex.join(words)}", flush=True)
    done = CliRunner().invoke(main, words)
    if done.exit_code:
        sys.exit(done.output)
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{done.stdout.strip()}\n\n{END}{after}")
    print(done.stdout, flush=True)


if __name__ == "__main__":
    kinds = [str(kind) for kind in sorted(Path(sys.argv[1]).glob("validation/*"))]
    report = ["-o", sys.argv[2]] if len(sys.argv) > 2 else []
    refresh(DOCS / "models" / "pocket.md", kinds + report)
    refresh(DOCS / "evaluation.md", SCENES)
