"""Jobs on the stack of these tests, and what they left in a store."""

from __future__ import annotations

import numpy as np
import zarr

from napari_sam import PromptableImage, Tiling, open_store, read_image
from napari_sam.image.selection import select_tiles
from napari_sam.jobs import EmbedJob, ImageSpec, ModelSpec
from napari_sam.testing.threshold_backend import open_threshold

#: Nine tiles a plane.
TILING = Tiling((48, 48), (8, 8))
#: All tiles of the stack.
TILES = 6 * 9
ALL = dict.fromkeys(("region", "only", "near", "mask", "background")) | {"levels": (0,)}


def wanted(path, store, load=open_threshold, name="threshold", **options):
    frames = read_image(path).frames
    image = PromptableImage(frames, open_threshold("threshold"), tiling=TILING)
    opening = ImageSpec.of(
        image, str(path), ModelSpec(load, str(name)), store=str(store)
    )
    return [EmbedJob(opening, select_tiles(frames, TILING, **{**ALL, **options}))]


def features(store):
    """Every array of features of a store, by name."""
    root = zarr.open_group(str(store), mode="r")
    found = {
        name: np.asarray(array[...])
        for name, array in root.members(max_depth=None)
        if isinstance(array, zarr.Array) and not name.endswith("digest")
    }
    assert found
    return found


def same(one, other):
    return one.keys() == other.keys() and all(
        np.array_equal(array, other[name]) for name, array in one.items()
    )


def there(path, store):
    """How many tiles of the stack a store has, whole and of the right pixels."""
    read = open_store(store, mode="r")
    image = PromptableImage(
        read_image(path).frames, open_threshold("t"), store=read, tiling=TILING
    )
    return image.embed().found
