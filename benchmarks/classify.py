"""How well a few named objects class the rest.

::

    python benchmarks/classify.py DATA [--pairs 20]

DATA holds ``images/`` and ``labels/``. Pairs of images of the same shape, stretched to
the same contrast and put side by side, stand for two classes, as in ``similar.py``.
Prints the share of the other objects that are classed rightly, the mean of both classes
and over pairs, and the mean probability that was given to the right class.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from similar import pairs

import napari_sam as sam
from napari_sam.automatic import ObjectClassifier, describe_objects

#: How much size, light, shape and the model's features count.
BLOCKS = {
    "size": (1, 0, 0, 0),
    "light": (0, 1, 0, 0),
    "shape": (0, 0, 1, 0),
    "features": (0, 0, 0, 2),
    "all but features": (1, 1, 1, 0),
    "all": (1, 1, 1, 2),
}
FEW = (1, 3, 10)


def measured(objects, kind, named, blocks):
    """Share of the rest that is right, and the probability of the right class."""
    classifier = ObjectClassifier.fit(
        objects.chosen(named), [str(kind[i]) for i in named], among=objects,
        blocks=blocks,
    )  # fmt: skip
    rest = np.setdiff1d(np.arange(len(kind)), named)
    found = classifier.probabilities(objects.chosen(rest))
    right = found.argmax(1) == kind[rest]
    given = found[np.arange(len(rest)), kind[rest]]
    alike = [kind[rest] == k for k in (0, 1)]
    return np.mean([[right[one].mean(), given[one].mean()] for one in alike], 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=20)
    given = parser.parse_args()
    torch.set_num_threads(1)
    model, rng = sam.load_backend("pocket", device="cpu"), np.random.default_rng(0)
    rows = {}
    for picture, masks, kind in pairs(given.folder, given.pairs, rng):
        image = sam.PromptableImage(picture, model, appearance=sam.Appearance())
        objects = describe_objects(image, 0, masks)
        for few in FEW:
            if np.bincount(kind).min() < few + 4:
                continue
            drawn = [rng.choice(np.flatnonzero(kind == k), few, False) for k in (0, 1)]
            for name, blocks in BLOCKS.items():
                found = measured(objects, kind, np.concatenate(drawn), blocks)
                rows.setdefault(name, {}).setdefault(few, []).append(found)
    heads = [f"{few} named | probability" for few in FEW]
    print("| compared by | " + " | ".join(heads) + " |")
    print("| --- |" + " --- |" * 2 * len(FEW))
    for name, by_few in rows.items():
        means = [f"{x:.2f}" for few in FEW for x in np.mean(by_few[few], 0)]
        print(f"| {name} | " + " | ".join(means) + " |")


if __name__ == "__main__":
    main()
