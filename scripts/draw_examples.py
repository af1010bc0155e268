"""Run the examples; make their pages in docs/examples, and docs/images/examples.

    python scripts/draw_examples.py [NAME]...

A page has the text of the example, a picture, and what it printed. Notebooks are run,
and keep their outputs. Needs a screen, and the extra test.
"""

from __future__ import annotations

import os
import runpy
import sys
import tempfile
from base64 import b64decode, b64encode
from contextlib import chdir, redirect_stdout
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
EXAMPLES, PAGES = ROOT / "examples", ROOT / "docs" / "examples"
PICTURES = ROOT / "docs" / "images" / "examples"
#: Rows of a picture.
HEIGHT = 300
#: Sections of the gallery: names and titles of examples.
GALLERY = {
    "Begin": {
        "first_mask": "The first mask",
        "clicks_on_coins": "Clicks and boxes",
        "candidates": "A part or the whole",
        "prompts_from_csv": "Prompts from a table",
        "three_doors": "Three doors, the same bytes",
        "annotate_in_a_notebook": "Annotate in a notebook",
        "a_session": "Undo, and do again",
    },
    "Stacks and movies": {
        "z_stack": "A z-stack",
        "track_cells": "Track cells and plot growth",
        "propagate_cells": "Correct a track",
        "link_cells": "Link what was found",
        "plot_growth": "Growth and divisions",
    },
    "Many objects": {
        "everything": "Everything at once",
        "find_similar": "More of the same",
        "a_folder": "A whole folder",
        "export_and_cut_out": "For other programs",
    },
    "Large, and on earth": {
        "geotiff_to_geojson": "GeoTIFF to GeoJSON",
        "large_ome_zarr": "A large OME-Zarr",
        "dask_cluster": "A Dask cluster",
    },
    "Models": {
        "fine_tune": "Learn from your labels",
        "own_checkpoint": "A checkpoint of your own",
        "backend_plugin": "A model as a plug-in",
        "how_good_is_it": "How good is it?",
    },
}


def overlay(image, labels=None, prompts=None) -> np.ndarray:
    """Return an image with outlines and prompts."""
    from napari_sam.io.pictures import draw_overlay

    picture = np.asarray(image)
    if picture.ndim == 2:
        low, high = np.percentile(picture, (0.5, 99.8))
        scaled = (picture.astype(float) - low) / max(high - low, 1)
        picture = np.repeat((scaled.clip(0, 1) * 255).astype(np.uint8)[..., None], 3, 2)
    labels = np.zeros(picture.shape[:2], int) if labels is None else np.asarray(labels)
    return draw_overlay(picture, labels.astype(int), prompts, height=HEIGHT)


def coins(labels=None, prompts=None) -> np.ndarray:
    """Return the coins of scikit-image."""
    from skimage import data

    return overlay(data.coins(), labels, prompts)


def drawn(path: str) -> np.ndarray:
    """Return a picture that an example has written."""
    found = Image.open(path).convert("RGB")
    found.thumbnail((600, HEIGHT), Image.Resampling.LANCZOS)
    return np.asarray(found)


def cut_out_nuclei() -> np.ndarray:
    """Return a sheet of cut-outs, enlarged."""
    sheet = Image.open("nuclei.png").convert("RGBA")
    paper = Image.new("RGBA", sheet.size, "white")
    sheet = Image.alpha_composite(paper, sheet).convert("RGB")
    inside = (np.asarray(sheet) < 250).any(2)
    rows, cols = inside.any(1).nonzero()[0], inside.any(0).nonzero()[0]
    sheet = sheet.crop((cols[0] - 4, rows[0] - 4, cols[-1] + 5, rows[-1] + 5))
    return np.asarray(sheet.resize((3 * sheet.width, 3 * sheet.height), 0))


def mask_of(prediction, shape) -> np.ndarray:
    """Return the mask of a prediction as labels."""
    return prediction.full(shape).astype(int)


def folder() -> np.ndarray:
    """Return the wells of a folder beside each other."""
    from napari_sam import read_image

    wells = [
        overlay(read_image(f"images/well_{n}.png").data[:],
                read_image(f"labels/well_{n}.tif").data[:])
        for n in (1, 2)
    ]  # fmt: skip
    return np.hstack(wells)


def planes_of_the_cluster() -> np.ndarray:
    """Return two planes of the stack that a cluster segmented."""
    from napari_sam.synthetic import draw_volume

    volume = draw_volume(2, size=96, planes=3, spacing=4.0)
    return np.hstack([overlay(volume.image[z], volume.labels[z]) for z in (0, 2)])


def slide(image, nucleus) -> np.ndarray:
    """Return the corner of a slide that has something in it."""
    labels, region = np.zeros(image.shape[:2], int), nucleus.region
    top, left = region.top - 15_000, region.left - 9_000
    labels[top : top + region.shape[0], left : left + region.shape[1]] = nucleus.mask
    return overlay(image, labels)


def tool_of_the_plugin(found) -> np.ndarray:
    """Return what the model of the plug-in finds by a click."""
    mask = found["image"].segment(found["click"])
    return coins(mask_of(mask, (303, 384)), {1: found["click"]})


#: How the picture of a script is made of its variables, where it has written files.
DRAWN: dict[str, Callable[[dict], np.ndarray]] = {
    "clicks_on_coins": lambda v: coins(v["labels"], v["said"]),
    "candidates": lambda v: coins(
        mask_of(v["refined"], (303, 384)), {1: v["click"].point(105, 270)}
    ),
    "prompts_from_csv": lambda v: coins(
        v["labels"], {at.object_id: one for at, one in v["prompts"].items()}
    ),
    "three_doors": lambda v: coins(v["found"]["in_napari"], v["said"]),
    "a_session": lambda v: coins(v["again"].labels),
    "z_stack": lambda v: np.hstack(
        [overlay(v["volume"].image[z], v["tracks"].labels[z]) for z in (5, 7)]
    ),
    "propagate_cells": lambda v: np.hstack(
        [overlay(v["movie"].image[t], v["tracks"].labels[t]) for t in (0, 4)]
    ),
    "link_cells": lambda v: np.hstack(
        [overlay(v["movie"].image[t], v["movie"].labels[t]) for t in (2, 12)]
    ),
    "plot_growth": lambda v: drawn("growth.png"),
    "everything": lambda v: coins(v["large"]),
    "find_similar": lambda v: coins(v["found"].labels),
    "a_folder": lambda v: folder(),
    "export_and_cut_out": lambda v: cut_out_nuclei(),
    "geotiff_to_geojson": lambda v: overlay(
        v["town"].image, v["labels"], v["boxes"]
    ),
    "large_ome_zarr": lambda v: slide(v["scene"].image, v["nucleus"]),
    "dask_cluster": lambda v: planes_of_the_cluster(),
    "fine_tune": lambda v: overlay(v["scene"].image, v["scene"].labels),
    "own_checkpoint": lambda v: coins(
        mask_of(v["found"], (303, 384)), {1: v["sam"].Prompts.point(125, 102)}
    ),
    "backend_plugin": tool_of_the_plugin,
    "how_good_is_it": lambda v: overlay(
        v["pairs"][0].frames.data[:], v["pairs"][0].labels
    ),
}  # fmt: skip


def save(picture: np.ndarray, path: Path) -> None:
    """Save a picture as small as it may be."""
    Image.fromarray(picture).save(path, quality=82, method=6)


def run_script(name: str, title: str) -> None:
    """Run a script in the folder at hand; make its page and picture."""
    path, out = EXAMPLES / f"{name}.py", StringIO()
    with redirect_stdout(out):
        variables = runpy.run_path(str(path), run_name="__main__")
    save(DRAWN[name](variables), PICTURES / f"{name}.webp")
    told = path.read_text().split('"""')[1].strip().replace("``", "`")
    lead, *_ = told.split("\n\n")
    text = (
        f"# {title}\n\n{lead}\n\n![]({picture_of(name)})\n\n"
        f"```{{literalinclude}} ../../examples/{name}.py\n:language: python\n```\n\n"
        f"It prints\n\n```text\n{out.getvalue().strip()}\n```\n"
    )
    (PAGES / f"{name}.md").write_text(text)


def run_notebook(name: str) -> None:
    """Run a notebook in the folder at hand; keep its outputs, and make its page."""
    import nbformat
    from nbclient import NotebookClient

    path = EXAMPLES / f"{name}.ipynb"
    notebook = nbformat.read(path, 4)
    NotebookClient(notebook, timeout=300).execute()
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            slim(output)
    nbformat.write(notebook, path)
    write_page(name, notebook)


def slim(output) -> None:
    """Leave out widgets and HTML, which no page can run, and make pictures small."""
    data = output.get("data", {})
    for kind in [k for k in data if "widget" in k or "html" in k]:
        del data[kind]
    if "image/png" in data:
        picture = Image.open(BytesIO(b64decode(data["image/png"]))).convert("RGB")
        picture.thumbnail((420, 360), Image.Resampling.LANCZOS)
        file = BytesIO()
        picture.quantize(64, dither=Image.Dither.NONE).save(file, "png", optimize=True)
        data["image/png"] = b64encode(file.getvalue()).decode()


def write_page(name: str, notebook) -> None:
    """Make the page of a notebook from its cells and their outputs."""
    parts, pictures = [], 0
    for cell in notebook.cells:
        is_code = cell.cell_type == "code"
        parts.append(f"```python\n{cell.source}\n```" if is_code else cell.source)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if "image/png" in data:
                pictures += 1
                drawn = Image.open(BytesIO(b64decode(data["image/png"])))
                picture = np.asarray(drawn.convert("RGB"))
                save(picture, PICTURES / f"{name}-{pictures}.webp")
                save(picture, PICTURES / f"{name}.webp")
                parts.append(f"![](../images/examples/{name}-{pictures}.webp)")
            elif text := data.get("text/plain", output.get("text", "")):
                parts.append(f"```text\n{text.rstrip()}\n```")
    (PAGES / f"{name}.md").write_text("\n\n".join(parts) + "\n")


def picture_of(name: str) -> str:
    """Return the path of a picture, from a page."""
    return f"../images/examples/{name}.webp"


def write_gallery() -> None:
    """Write the page that lists all of them."""
    lines = [
        "# Examples",
        "",
        "Each shows one thing and runs as it stands, without a network; a test runs",
        "every one. They are in the folder `examples/`, and",
        "`python scripts/draw_examples.py` made these pages.",
    ]
    for section, examples in GALLERY.items():
        lines += ["", f"## {section}", "", "```{container} gallery"]
        for name, title in examples.items():
            lines += [
                "",
                f"[![](images/examples/{name}.webp) {title}](examples/{name}.md)",
            ]
        lines += ["```", "", "```{toctree}", ":hidden:", ""]
        lines += [f"examples/{name}" for name in examples]
        lines += ["```"]
    (ROOT / "docs" / "examples.md").write_text("\n".join(lines) + "\n")


def main(names: list[str]) -> None:
    """Run the examples, each in a folder that is empty."""
    sys.path.insert(0, str(ROOT / "src"))
    PAGES.mkdir(exist_ok=True)
    PICTURES.mkdir(exist_ok=True)
    for examples in GALLERY.values():
        for name, title in examples.items():
            if names and name not in names:
                continue
            print(name)
            with tempfile.TemporaryDirectory() as home, chdir(home):
                os.environ["NAPARI_SAM_HOME"] = f"{home}/home"
                if (EXAMPLES / f"{name}.py").exists():
                    run_script(name, title)
                else:
                    run_notebook(name)
    write_gallery()


if __name__ == "__main__":
    main(sys.argv[1:])
