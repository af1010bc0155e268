"""The bundled model on real images it never saw, where they are at hand.

The images are not part of this repository: where they are not beside it, there is
nothing here to collect. `docs/models/pocket.md` has the figures over all of them.
"""

import json
from pathlib import Path

import numpy as np

from napari_sam.core.progress import drain
from napari_sam.evaluation.masks import iter_evaluate, summarise
from napari_sam.io import read_image
from napari_sam.io.pairs import Pair

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "nuclei2d"


def held_back(images):
    names = json.loads((ROOT / "benchmarks" / "pocket_split.json").read_text())
    pairs = []
    for name in names["nuclei2d"]:
        frames = read_image(DATA / "images" / f"{name}.png").frames
        if frames.axes == "yx" and max(frames.plane_shape) < 1024:
            labels = np.asarray(read_image(DATA / "labels" / f"{name}.png").data)
            pairs.append(Pair(name, "fluorescence", frames, labels.astype(np.int32)))
    return pairs[::images]


if DATA.is_dir():

    def test_the_bundled_model_keeps_its_bars():
        import napari_sam as sam

        backend = sam.load_backend("pocket", device="cpu")
        results = drain(iter_evaluate(backend, held_back(2), objects=4))
        (mean,) = summarise(results)
        assert mean.objects > 40
        assert mean.click > 0.55
        assert mean.box > 0.70
        assert mean.five > 0.75
