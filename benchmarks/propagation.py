"""How well objects are propagated from one frame to the others of real sequences.

    python benchmarks/propagation.py DATA [SEQUENCE ...] [--frames N] [--objects N]

DATA has ``timelapse/NAME`` in the layout of the Cell Tracking Challenge, ``video/NAME``
in that of DAVIS, and ``zstack/NAME`` with image.tif and labels.tif. J is the mean over
objects of the mean IoU over frames with ground truth, without the frames that were
given. Seeds are the true masks of the first frame, of a stack the middle plane.
"""

import argparse
import time
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import tifffile
import torch

import napari_sam as sam
from napari_sam.core.mask import Mask
from napari_sam.core.progress import drain
from napari_sam.core.propagation import PropagatedObject
from napari_sam.tracking import PropagateSettings, iter_tracks
from napari_sam.tracking.motion.moving import Motion

#: Objects of fewer pixels on the seed's frame are left out.
LEAST = 20


class Copy:
    """Each object stays where it is."""

    def start(self, frame, masks):
        return {i: PropagatedObject(frame, mask) for i, mask in masks.items()}

    def propagate(self, objects, frame, taken):
        return {i: PropagatedObject(frame, o.mask) for i, o in objects.items()}


class MotionOnly(Copy):
    """Each mask is moved, and no model decodes it."""

    def __init__(self, image, kind):
        self.motion = Motion(image, kind)

    def propagate(self, objects, frame, taken):
        source = next(iter(objects.values())).frame
        masks = {i: o.mask for i, o in objects.items()}
        moved = self.motion.move(masks, source, frame)
        return {i: PropagatedObject(frame, m.mask) for i, m in moved.items() if m.mask}


def sequences(root):
    """Pixels, labels and axes of each sequence, by name; read when called."""

    def stack(paths, read):
        return np.stack([read(p) for p in sorted(paths)])

    found = {}
    for path in sorted((root / "timelapse").glob("*/01")):
        truth = path.with_name("01_GT") / "TRA"
        found[path.parent.name] = lambda p=path, t=truth: (
            stack(p.glob("t*.tif"), tifffile.imread),
            stack(t.glob("man_track*.tif"), tifffile.imread),
            "tyx",
        )
    for path in sorted((root / "video").glob("*/JPEGImages")):
        truth = path.with_name("Annotations")
        found[path.parent.name] = lambda p=path, t=truth: (
            stack(p.glob("*.jpg"), iio.imread),
            (stack(t.glob("*.png"), iio.imread) > 0).astype(np.uint8),
            "tyxc",
        )
    for path in sorted((root / "zstack").glob("*/image.tif")):
        found[path.parent.name] = lambda p=path: (
            tifffile.imread(p),
            tifffile.imread(p.with_name("labels.tif")),
            "zyx",
        )
    return found


def ious(tracks, truth, ids, limits):
    """IoU of each object on each frame on which the truth has it."""
    found = {i: {} for i in ids}
    for frame in range(limits[0], limits[1] + 1):
        labels = np.asarray(tracks.labels[frame])
        for i in np.intersect1d(np.unique(truth[frame]), ids).tolist():
            true, own = truth[frame] == i, labels == i
            found[i][frame] = (true & own).sum() / (true | own).sum()
    return found


def mean_j(found, given):
    per_object = [
        [x for frame, x in values.items() if frame not in given[i]]
        for i, values in found.items()
    ]
    return float(np.mean([np.mean(v) for v in per_object if v]))


def auc(tracks, found, given):
    """How well a low confidence tells that the IoU is below 0.5."""
    rows = [
        (x, float(tracks[i].confidences[row]))
        for i, values in found.items()
        for frame, x in values.items()
        if frame not in given[i] and (row := tracks[i].index(frame)) is not None
    ]
    bad = np.array([c for x, c in rows if x < 0.5])
    good = np.array([c for x, c in rows if x >= 0.5])
    if not len(bad) or not len(good):
        return float("nan")
    less = (bad[:, None] < good).mean() + 0.5 * (bad[:, None] == good).mean()
    return float(less)


def measured(image, truth, seed, options):
    """J of each way from the seed's frame, and after corrections of worst frames."""
    sizes, counts = np.unique(truth[seed], return_counts=True)
    ids = [int(i) for i, n in zip(sizes, counts, strict=True) if i and n >= LEAST]
    ids = ids[: options.objects]
    reach = options.frames or len(truth)
    limits = max(0, seed - reach), min(len(truth) - 1, seed + reach)
    seeds = {seed: np.where(np.isin(truth[seed], ids), truth[seed], 0)}
    given = {i: {seed} for i in ids}
    ways = {
        "copy": Copy(),
        "optical": MotionOnly(image, "optical"),
        "features": MotionOnly(image, "features"),
        "prompt": "prompt",
    }
    settings = PropagateSettings(trust=options.trust)
    row, seconds = {}, {}
    for name, method in ways.items():
        begin = time.perf_counter()
        tracks = drain(
            iter_tracks(image, seeds, method=method, frames=limits, settings=settings)
        )
        seconds[name] = time.perf_counter() - begin
        found = ious(tracks, truth, ids, limits)
        row[name] = mean_j(found, given)
    row["AUC"] = auc(tracks, found, given)
    for count in range(1, options.corrections + 1):
        worst = {
            i: min(rest, key=rest.get)
            for i, values in found.items()
            if (rest := {f: x for f, x in values.items() if f not in given[i]})
        }
        fixes = {
            sam.Address(frame, i): Mask.from_array(truth[frame] == i)
            for i, frame in worst.items()
        }
        tracks = drain(iter_tracks(image, fixes, frames=limits, tracks=tracks))
        for i, frame in worst.items():
            given[i] = given[i] | {frame}
        found = ious(tracks, truth, ids, limits)
        row[f"+{count}"] = mean_j(found, given)
    return len(ids), row, seconds["prompt"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--frames", type=int, help="at most so far from the seed")
    parser.add_argument("--objects", type=int, help="at most so many")
    parser.add_argument("--corrections", type=int, default=0)
    parser.add_argument("--trust", type=float)
    parser.add_argument("--store", type=Path, help="folder for stores of embeddings")
    options = parser.parse_args()
    torch.set_num_threads(1)
    backend = sam.load_backend("pocket")
    for name, read in sequences(options.data).items():
        if options.names and not any(one in name for one in options.names):
            continue
        pixels, truth, axes = read()
        store = (
            sam.open_store(options.store / f"{name}.zarr") if options.store else None
        )
        image = sam.PromptableImage(pixels, backend, axes=axes, store=store)
        seed = len(truth) // 2 if axes == "zyx" else 0
        count, row, seconds = measured(image, truth, seed, options)
        cells = "  ".join(f"{k} {v:.3f}" for k, v in row.items())
        print(f"{name:24} {count:3} objects  {cells}  {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
