"""Choose which real images `pocket` never trains on, by kind of experiment.

The image set does not say which images came from one experiment, so images of one
size and one look are taken together: they are clustered by simple measurements of
pixels and objects, and whole clusters are set aside. Run it to remake
``pocket_split.json``::

    python benchmarks/pocket_split.py DATA > benchmarks/pocket_split.json
"""

import csv
import json
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

#: Share of each category's images to set aside, at least.
SHARE = {"fluorescence_gray": 0.25, "histology_rgb": 0.25, "brightfield_gray": 0.25}
#: Ward distance between standardised measurements at which clusters are parted.
APART = 3.0


def measurements(image: np.ndarray, labels: np.ndarray) -> list[float]:
    """Describe the look of an image: light, contrast, sharpness, object size."""
    grey = image[..., :3].mean(-1) if image.ndim == 3 else image.astype(float)
    inside = labels > 0
    areas = np.bincount(labels.ravel())[1:]
    areas = areas[areas > 0]
    back, front = np.median(grey[~inside]), np.median(grey[inside])
    colour = image[..., :3].reshape(-1, 3).mean(0) if image.ndim == 3 else [0, 0, 0]
    return [
        np.log(back + 1),
        np.log(front + 1),
        np.log(np.abs(np.diff(grey, axis=0)).mean() + 0.1),
        np.log(grey[~inside].std() + 0.1),
        np.log(np.median(areas)),
        float(inside.mean()),
        *(np.asarray(colour) / 255 * 3),
    ]


def clusters(root: Path, names: list[str]) -> np.ndarray:
    """Number the clusters that images of one size and category fall into."""
    looks = [
        measurements(
            iio.imread(root / "images" / f"{n}.png"),
            iio.imread(root / "labels" / f"{n}.png"),
        )
        for n in names
    ]
    if len(looks) == 1:
        return np.array([1])
    x = np.array(looks)
    x = (x - x.mean(0)) / (x.std(0) + 1e-6)
    return fcluster(linkage(x, "ward"), APART, "distance")


def split(root: Path) -> list[str]:
    """Names to set aside: whole clusters, in a fixed random order."""
    rows = list(csv.DictReader((root / "index.csv").open()))
    aside: list[str] = []
    rng = np.random.default_rng(0)
    for category, share in SHARE.items():
        ours = [r for r in rows if r["category"] == category]
        groups: dict[tuple[str, str, int], list[str]] = {}
        for size in sorted({(r["height"], r["width"]) for r in ours}):
            names = [r["name"] for r in ours if (r["height"], r["width"]) == size]
            for name, number in zip(names, clusters(root, names), strict=True):
                groups.setdefault((*size, int(number)), []).append(name)
        chosen: list[str] = []
        for key in rng.permutation(len(groups)):
            if len(chosen) >= share * len(ours):
                break
            chosen += list(groups.values())[key]
        aside += sorted(chosen)
    return aside


if __name__ == "__main__":
    data = Path(sys.argv[1])
    held = {
        "nuclei2d": split(data / "nuclei2d"),
        "phase2d": ["usiigaci_train13", "usiigaci_train31_full", "usiigaci_train39"],
    }
    print(json.dumps(held, indent=1))
