"""The recipes of each architecture: the paper's, and that of `pocket`."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.errors import TrainingError
from napari_sam.training.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["INSTANCES", "RECIPES", "named_recipe"]

_POCKET = Recipe(
    steps=8000, images=8, objects=4, masks=64, at_once=64, crop=256, large_share=0.2,
    zoom_low=0.5, zoom_evenly=False, vary=True,
    click=0.46, box=0.22, click_and_box=0.08, clicks=0.1, outline=0.08, scribble=0.06,
    deep=0.7, box_noise=0.07, corrections=3, bare_rounds=0, every_round=False,
    correct_middle=True, rate=1e-3, drops=(2 / 3, 0.9), drop=0.2, layer_decay=1.0,
    weight_decay=0.05, drop_path=0.0, average=0.998,
)  # fmt: skip

#: Of `pocket`'s instance head, on features that do not change.
INSTANCES = replace(
    _POCKET, steps=6000, images=6, crop=320, large_share=0.0, zoom_low=0.6,
    zoom_high=1.7, rate=2e-3, warmup=100, drops=(0.6, 0.85), drop=0.25,
)  # fmt: skip

#: Recipes by the name of the architecture. The sizes that were trained twice as long,
#: on half the images, have their own rates in the paper; MobileSAM's encoder was
#: distilled, so its recipe is that of the smallest.
RECIPES: Mapping[str, Recipe] = MappingProxyType({
    "pocket": _POCKET,
    "vit_t": Recipe(steps=180_000, layer_decay=0.6, drop_path=0.0),
    "vit_b": Recipe(steps=180_000, layer_decay=0.6, drop_path=0.6),
    "vit_l": Recipe(steps=180_000, rate=4e-4),
    "vit_h": Recipe(),
})  # fmt: skip


def named_recipe(name: str, *, fine_tune: bool = False) -> Recipe:
    """Return the recipe of an architecture.

    Parameters
    ----------
    name
        ``pocket``, or ``vit_t``, ``vit_b``, ``vit_l``, ``vit_h`` as in the paper.
    fine_tune
        Whether weights are only to be improved on few images: a short run at a
        smaller rate, without drop path, that varies the images and zooms less.

    Raises
    ------
    TrainingError
        If there is no such recipe.
    """
    if name not in RECIPES:
        raise TrainingError(
            f"There is no recipe {name!r}. Known: {', '.join(sorted(RECIPES))}."
        )
    recipe = RECIPES[name]
    if not fine_tune:
        return recipe
    if name == "pocket":
        return replace(recipe, steps=800, images=4, rate=3e-4, warmup=50)
    return replace(
        recipe, steps=2000, rate=5e-5, warmup=100, drop_path=0.0, objects=16,
        zoom_low=0.5, vary=True,
    )  # fmt: skip
