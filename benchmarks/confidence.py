"""Whether a learned confidence of propagated masks is better than the rule.

    python benchmarks/confidence.py DATA [SEQUENCE ...] [--store FOLDER]

Objects of the first frame (of a stack, the middle plane) are propagated through each
sequence of `benchmarks/propagation.py`, and what is seen of each mask is noted beside
its true IoU. A logistic model of that, of all sequences but one, is then tried on that
one: AUC says how well a low confidence tells an IoU below 0.5, with the rule and with
the model. Drawn time-lapses tell how many divisions are proposed, and how many in time.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from propagation import LEAST, sequences

import napari_sam as sam
from napari_sam.core.progress import drain
from napari_sam.synthetic import draw_timelapse
from napari_sam.tracking import PropagateSettings, iter_tracks
from napari_sam.tracking.bodies import IN_A_ROW
from napari_sam.tracking.confidence import judge
from napari_sam.tracking.prompt_method import PromptMethod

#: Frames before and after a division within which it is proposed in time.
SOON = -1, 3


class Noted(PromptMethod):
    """Propagates objects, and notes the evidence of each mask."""

    def __init__(self, image):
        super().__init__(image, PropagateSettings(), judge=self.note)
        self.seen, self.rows = [], []

    def note(self, evidence):
        self.seen.append(evidence)
        return judge(evidence)

    def propagate(self, objects, frame, taken):
        self.seen.clear()
        found = super().propagate(objects, frame, taken)
        for (i, one), evidence in zip(found.items(), self.seen, strict=True):
            self.rows.append((i, frame, one, evidence))
        return found


def noted(image, truth, seed):
    """Propagate the objects of a frame; return what was noted."""
    ids, counts = np.unique(truth[seed], return_counts=True)
    large = [i for i, n in zip(ids, counts, strict=True) if i and n >= LEAST]
    method = Noted(image)
    seeds = {seed: np.where(np.isin(truth[seed], large), truth[seed], 0)}
    drain(iter_tracks(image, seeds, method=method))
    return method.rows


def described(rows, truth):
    """Return features, IoU and the rule's confidence of masks that have a truth."""
    found = []
    for i, frame, one, e in rows:
        true = truth[frame] == i
        if true.any():
            own = one.mask.in_window(sam.Region(0, 0, *true.shape))
            iou = (own & true).sum() / (own | true).sum()
            odds = np.clip(one.confidence, 1e-3, 1 - 1e-3)
            features = (
                e.score, e.agreement, min(abs(e.area_change), 1), min(e.residual, 1),
                np.log(e.age), np.log(odds / (1 - odds)),
            )  # fmt: skip
            found.append((*features, one.confidence, iou))
    return np.array(found)


def auc(doubt, bad):
    if bad.all() or not bad.any():
        return float("nan")
    less = doubt[bad][:, None] - doubt[~bad]
    return float((less > 0).mean() + 0.5 * (less == 0).mean())


def fitted(x, y, weights):
    """Return the coefficients of a logistic model, by Newton's method."""
    ridge, b = 5 * np.eye(x.shape[1]), np.zeros(x.shape[1])
    ridge[-1, -1] = 0
    for _ in range(30):
        p = 1 / (1 + np.exp(-x @ b))
        curve = x.T @ (x * (weights * p * (1 - p))[:, None]) + ridge
        b = b + np.linalg.solve(curve, x.T @ (weights * (y - p)) - ridge @ b)
    return b


def compare(films):
    """Print the AUC of each film, with the rule and with a model of the others."""
    every = np.concatenate([*films.values()])
    mean, spread = every[:, :-2].mean(0), every[:, :-2].std(0) + 1e-9

    def scaled(rows, columns):
        x = ((rows[:, :-2] - mean) / spread)[:, columns]
        return np.hstack([x, np.ones((len(x), 1))])

    for name, rows in films.items():
        others = [r for other, r in films.items() if other != name]
        cells = [f"rule {auc(-rows[:, -2], rows[:, -1] < 0.5):.3f}"]
        for words, columns in (("learned", slice(5)), ("with the rule", slice(6))):
            x = np.concatenate([scaled(r, columns) for r in others])
            y = np.concatenate([r[:, -1] < 0.5 for r in others]).astype(float)
            weights = np.concatenate([np.full(len(r), 1 / len(r)) for r in others])
            b = fitted(x, y, weights * len(weights) / weights.sum())
            doubt = scaled(rows, columns) @ b
            cells.append(f"{words} {auc(doubt, rows[:, -1] < 0.5):.3f}")
        print(f"{name:24} {len(rows):5} masks  {'  '.join(cells)}", flush=True)


def divisions(name, rows, truth, parents):
    """Print how many divisions of propagated objects are proposed."""
    born = {}
    for daughter, mother in parents.items():
        first = int(np.flatnonzero((truth == daughter).any((1, 2)))[0])
        born[mother] = max(first, born.get(mother, 0))
    born = {i: born[i] for i in {r[0] for r in rows} if i in born}
    said = [(i, f) for i, f, one, _ in rows if one.bodies == IN_A_ROW]
    right = {i for i, f in said if i in born and SOON[0] <= f - born[i] <= SOON[1]}
    print(f"{name:24} {len(born)} divide, {len(said)} proposed, {len(right)} in time")


def parents_in(root, name):
    path = root / "timelapse" / name / "01_GT" / "TRA" / "man_track.txt"
    if not path.is_file():
        return {}
    table = np.loadtxt(path, int, ndmin=2)
    return {int(r[0]): int(r[3]) for r in table if r[3]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--store", type=Path, help="folder for stores of embeddings")
    parser.add_argument("--drawn", type=int, default=8, help="drawn time-lapses")
    options = parser.parse_args()
    torch.set_num_threads(1)
    backend, films = sam.load_backend("pocket"), {}
    for name, read in sequences(options.data).items():
        if options.names and not any(one in name for one in options.names):
            continue
        pixels, truth, axes = read()
        store = options.store and sam.open_store(options.store / f"{name}.zarr")
        image = sam.PromptableImage(pixels, backend, axes=axes, store=store or None)
        rows = noted(image, truth, len(truth) // 2 if axes == "zyx" else 0)
        films[name] = described(rows, truth)
        if axes == "tyx":
            divisions(name, rows, truth, parents_in(options.data, name))
    each = []
    for seed in range(100, 100 + options.drawn):
        drawn = draw_timelapse(seed)
        image = sam.PromptableImage(drawn.image, backend, axes="tyx")
        rows = noted(image, drawn.labels, 0)
        each.append(described(rows, drawn.labels))
        divisions(f"drawn {seed}", rows, drawn.labels, drawn.parents)
    if each:
        films["drawn"] = np.concatenate(each)
    if len(films) > 1:
        compare(films)


if __name__ == "__main__":
    main()
