"""Initial weights of a training run: random ones, or those of a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_sam.backends.weight_files import identified
from napari_sam.core.errors import CheckpointError, TrainingError
from napari_sam.models.config import SamConfig
from napari_sam.models.pocket import HEAD, Pocket
from napari_sam.models.sam import Sam
from napari_sam.models.state_dict import guess_config, load_sam_state
from napari_sam.training.instance_learner import InstanceLearner
from napari_sam.training.pocket_learner import PocketLearner
from napari_sam.training.recipes import INSTANCES, RECIPES, named_recipe
from napari_sam.training.sam_learner import SamLearner

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from napari_sam.training.learner import Learner
    from napari_sam.training.recipe import Recipe

__all__ = ["initial_instance_learner", "initial_learner"]


def initial_learner(
    recipe: str | None = None,
    checkpoint: Path | None = None,
    *,
    settings: Mapping[str, str] | None = None,
    checkpointing: bool = False,
) -> tuple[Recipe, Learner]:
    """Return a recipe, and a learner with the initial weights of its model.

    Parameters
    ----------
    recipe
        ``pocket``, ``vit_t``, ``vit_b``, ``vit_l`` or ``vit_h``: the values that this
        architecture was trained with from nothing. None, with a checkpoint, takes its
        architecture's values for fine-tuning.
    checkpoint
        Initial weights; else they are random, from the recipe's seed.
    settings
        Values of a `Recipe` to change, as text.
    checkpointing
        Whether a transformer encoder uses gradient checkpointing, to save memory.

    Raises
    ------
    TrainingError
        If there is neither a recipe nor a checkpoint, or a setting is unknown.
    CheckpointError
        If the checkpoint is damaged, or of another architecture than the recipe.
    """
    if recipe is None and checkpoint is None:
        raise TrainingError(
            "There is nothing to train: give a recipe to begin from nothing, or a "
            f"checkpoint to improve. Recipes: {', '.join(RECIPES)}."
        )
    found, state = recipe or "", None
    if checkpoint is not None:
        found, weights = identified(checkpoint)
        state = weights.state
        _refuse_sam2(checkpoint, found)
    name = recipe or (found if found in RECIPES else "vit_b")
    if state is not None and recipe and found in RECIPES and found != recipe:
        raise CheckpointError(
            f"{checkpoint} holds {found}, and the recipe is that of {recipe}. Leave "
            f"the recipe out, or give {found}."
        )
    chosen = named_recipe(name, fine_tune=recipe is None).changed(settings or {})
    torch.manual_seed(chosen.seed)
    if name == "pocket":
        with_head = chosen.instances > 0
        return chosen, PocketLearner(_pocket(state, checkpoint, instances=with_head))
    config = getattr(SamConfig, name)() if state is None else guess_config(state)
    if config.high_quality:
        raise CheckpointError(
            f"{checkpoint} holds SAM-HQ, which cannot be trained here. Take the "
            f"Segment Anything that it refines. What can be trained: "
            f"{', '.join(RECIPES)}."
        )
    model = Sam(config, drop_path=chosen.drop_path, checkpointing=checkpointing)
    if state is not None:
        load_sam_state(model, {k: v.float() for k, v in state.items()})
    return chosen, SamLearner(model, found)


def initial_instance_learner(
    checkpoint: Path, *, settings: Mapping[str, str] | None = None
) -> tuple[Recipe, InstanceLearner]:
    """Return a recipe, and a learner of the instance head of a `pocket`.

    Parameters
    ----------
    checkpoint
        Weights of `pocket`; a head that is among them goes on learning, else a new one
        begins with random weights, from the recipe's seed.
    settings
        Values of a `Recipe` to change, as text.

    Raises
    ------
    CheckpointError
        If the checkpoint is damaged or of another architecture.
    """
    found, weights = identified(checkpoint)
    if found != "pocket":
        raise CheckpointError(
            f"{checkpoint} holds {found}. An instance head can be trained on the "
            "features of pocket."
        )
    chosen = INSTANCES.changed(settings or {})
    torch.manual_seed(chosen.seed)
    return chosen, InstanceLearner(_pocket(weights.state, checkpoint, instances=True))


def _refuse_sam2(checkpoint: Path, found: str) -> None:
    if found.startswith(("sam2", "sam3", "edgetam")):
        raise CheckpointError(
            f"{checkpoint} holds {found}, which cannot be trained here. What can be: "
            f"{', '.join(RECIPES)}."
        )


def _pocket(
    state: Mapping[str, Tensor] | None, path: Path | None, *, instances: bool = False
) -> Pocket:
    """Return a pocket with these weights; its instance head may be a new one."""
    has_head = any(name.startswith(HEAD) for name in state or ())
    model = Pocket(instances=instances or has_head)
    if state is None:
        return model
    given = {k: v.float() for k, v in state.items()}
    if model.instances is not None and not has_head:
        given |= {f"{HEAD}{k}": v for k, v in model.instances.state_dict().items()}
    try:
        model.load_state_dict(given)
    except RuntimeError as wrong:
        raise CheckpointError(
            f"{path} does not hold the weights of this version's pocket: "
            f"{str(wrong).splitlines()[1].strip()}"
        ) from wrong
    return model
