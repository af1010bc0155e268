"""A person annotates coins in JupyterLab; makes docs/images/notebook-*.

    python scripts/notebook_pictures.py [--into FOLDER]

Needs JupyterLab, Playwright and Chromium. It fails if something does not work.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

from _jupyter import Notebook, browser, lab  # noqa: E402
from PIL import Image  # noqa: E402

CELLS = (
    "import napari_sam as sam\nfrom skimage.data import coins\n\n"
    "annotation = sam.annotate(coins())\nannotation",
)
COINS = [(125, 102), (60, 110), (62, 222), (58, 274)]


def shot(notebook: Notebook, path: Path) -> None:
    """Save the cells as a picture of few colours."""
    notebook.page.locator(".jp-Notebook").first.screenshot(path=path)
    whole = Image.open(path).convert("RGB")
    few = whole.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "docs" / "images")
    into = parser.parse_args().into
    with tempfile.TemporaryDirectory() as folder:
        home = {"NAPARI_SAM_HOME": f"{folder}/home"}
        with lab(Path(folder) / "lab", home) as server, browser(height=880) as context:
            page = context.new_page()
            notebook = Notebook(page, server.write("coins", *CELLS))
            page.get_by_role("tab", name="File Browser").first.click()
            notebook.run_all()
            widget = notebook.widget()
            widget.wait("el.dataset.ready === 'true'")
            for count, (row, col) in enumerate(COINS, 1):
                widget.click(row, col)
                widget.wait("Number(el.dataset.preview) > 0")
                widget.press("k")
                widget.wait(f"el.dataset.committed === '{count}'")
            widget.click(60, 170)
            widget.wait("Number(el.dataset.preview) > 0")
            widget.wait("el.dataset.tiles === 'ready' && el.dataset.busy === ''")
            shot(notebook, into / "notebook-click.png")


if __name__ == "__main__":
    main()
