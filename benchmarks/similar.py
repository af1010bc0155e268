"""How well a few examples tell two kinds of objects apart.

::

    python benchmarks/similar.py DATA [--pairs 20]

DATA holds ``images/`` and ``labels/``. Pairs of images of the same shape, stretched to
the same contrast, stand for two kinds: three objects of one are the examples, and three
of the other the negative ones. Prints the area under the ROC curve, the mean over
pairs, and the F1 at some thresholds, as if there were as many objects of either kind.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from scipy.stats import rankdata

import napari_sam as sam
from napari_sam.automatic import Examples, SimilarSettings
from napari_sam.automatic.descriptors import Descriptors, describe
from napari_sam.core.mask import Mask
from napari_sam.datasets.labelled_images import read_labelled_images

ONLY = {
    "size": SimilarSettings(by_light=0, by_features=0),
    "light": SimilarSettings(by_size=0, by_features=0),
    "features": SimilarSettings(by_size=0, by_light=0),
    "all": SimilarSettings(),
}


def stretched(frames):
    """One plane as 8-bit grey, whatever its range."""
    pixels = np.asarray(frames[0], float)
    grey = pixels if pixels.ndim == 2 else pixels.mean(-1)
    low, high = np.percentile(grey, (1, 99.8))
    return (np.clip((grey - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)


def pairs(folder, count, rng):
    """Pictures of two images side by side, objects of both, and which are whose."""
    images = [one for one in read_labelled_images(folder) if len(one.frames) == 1]
    found = 0
    for _ in range(50 * count):
        a, b = (images[i] for i in rng.choice(len(images), 2, replace=False))
        pictures = [stretched(a.frames), stretched(b.frames)]
        dark = [picture.mean() < 128 for picture in pictures]
        if pictures[0].shape != pictures[1].shape or dark[0] != dark[1]:
            continue
        masks = [objects(one.truth.labels) for one in (a, b)]
        if min(map(len, masks)) < 8:
            continue
        shifted = [m.shifted(0, pictures[0].shape[1]) for m in masks[1]]
        kind = np.repeat([0, 1], [len(masks[0]), len(shifted)])
        yield np.concatenate(pictures, 1), [*masks[0], *shifted], kind
        found += 1
        if found == count:
            return


def objects(labels):
    found = (Mask.from_array(labels == i) for i in np.unique(labels) if i)
    return [mask for mask in found if mask.area > 20]


def auc(scores, wanted):
    ranks, count = rankdata(scores), wanted.sum()
    below = ranks[wanted].sum() - count * (count + 1) / 2
    return below / (count * (len(wanted) - count))


def f1(chosen, wanted):
    """F1 as if there were as many of either kind."""
    hit, false = chosen[wanted].mean(), chosen[~wanted].mean()
    return 2 * hit / (1 + hit + false)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    model, rng = sam.load_backend("pocket", device="cpu"), np.random.default_rng(0)
    none = Descriptors.joined([])
    rows = {}
    for picture, masks, kind in pairs(given.folder, given.pairs, rng):
        image = sam.PromptableImage(picture, model, appearance=sam.Appearance())
        described = describe(image, 0, masks)
        for mine in (0, 1):
            few = [rng.choice(np.flatnonzero(kind == k), 3, False) for k in (0, 1)]
            rest = np.setdiff1d(np.arange(len(kind)), np.concatenate(few))
            positive, negative = (described.chosen(few[k]) for k in (mine, 1 - mine))
            wanted = kind[rest] == mine
            for name, settings in ONLY.items():
                for with_negative in (False, True):
                    examples = Examples.of(
                        positive, negative if with_negative else none, described
                    )
                    scores = examples.similarities(described, settings)[rest]
                    f1s = [f1(scores >= t, wanted) for t in (0.3, 0.5, 0.7)]
                    key = name, with_negative
                    rows.setdefault(key, []).append([auc(scores, wanted), *f1s])
    print("| compared by | negative examples | AUC | F1 at .3 | .5 | .7 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (name, with_negative), some in rows.items():
        mean = " | ".join(f"{value:.2f}" for value in np.mean(some, 0))
        print(f"| {name} | {'three' if with_negative else 'none'} | {mean} |")


if __name__ == "__main__":
    main()
