from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_sam.io import write_labels
from napari_sam.models.config import SamConfig, VitConfig
from napari_sam.models.pocket import Pocket, PocketConfig
from napari_sam.models.sam import Sam
from napari_sam.synthetic import draw_scene
from napari_sam.training.pocket_learner import PocketLearner
from napari_sam.training.recipes import RECIPES
from napari_sam.training.sam_learner import SamLearner

#: The smallest transformer with a window, a global block, and padding.
TINY = SamConfig(
    VitConfig(24, 2, 3, (1,), window_size=3),
    image_size=64, prompt_dim=32, decoder_heads=4, decoder_mlp_dim=48, iou_head_dim=32,
)  # fmt: skip


@pytest.fixture
def small():
    """Recipes for runs of seconds."""

    def make(name="pocket", **changes):
        quick = {"steps": 12, "images": 2, "objects": 2, "warmup": 4, "seed": 3}
        if name == "pocket":
            quick |= {"crop": 64, "rate": 4e-3}
        else:
            quick |= {"corrections": 1, "bare_rounds": 1, "drop_path": 0.0}
        return replace(RECIPES[name], **{**quick, **changes})

    return make


@pytest.fixture
def learner():
    """Small models to train: `pocket` or a plain transformer."""

    def make(name="pocket", seed=0, **options):
        torch.manual_seed(seed)
        if name == "pocket":
            return PocketLearner(Pocket(PocketConfig.tiny()))
        return SamLearner(Sam(TINY, **options), "sam")

    return make


@pytest.fixture
def write_folder(tmp_path):
    """Write so many labelled images, and return their folder."""

    def write(count, name="cells"):
        root = tmp_path / name
        for part in ("images", "labels"):
            (root / part).mkdir(parents=True)
        for seed in range(1, count + 1):
            scene = draw_scene(seed, size=96)
            write_labels(root / "images" / f"{seed}.tif", scene.image[..., 0])
            write_labels(root / "labels" / f"{seed}.tif", scene.labels)
        return root

    return write


@pytest.fixture
def squares():
    """Masks of one rectangle, ``(N, 64, 64)``."""
    masks = np.zeros((40, 64, 64), bool)
    masks[:, 20:44, 12:50] = True
    return masks
