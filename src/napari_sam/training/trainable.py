"""Trainable components of a model, and the learning rates of their parameters."""

from __future__ import annotations

import copy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from napari_sam.core.errors import MissingPackageError, TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from napari_sam.training.learner import TrainableModel
    from napari_sam.training.recipe import Recipe

__all__ = ["COMPONENTS_OF", "merged", "parameter_groups", "set_trainable"]

#: Components of a model that each choice of `set_trainable` trains.
COMPONENTS_OF: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "all": ("encoder", "prompts", "decoder"),
    "decoder": ("decoder",),
    "encoder": ("encoder",),
    "adapters": ("decoder",),
    "instances": ("instances",),
})  # fmt: skip
#: Layers that low-rank adapters are added to.
_ADAPTED = r"image_encoder\..*\.attn\.(qkv|proj)"


def set_trainable(
    learner: TrainableModel, parts: str, *, rank: int = 8, with_instances: bool = False
) -> None:
    """Set which parts of a model are trainable, and freeze the others.

    Parameters
    ----------
    learner
        The learner of the model.
    parts
        ``all``, ``decoder``, ``encoder``, ``instances`` (the instance head alone), or
        ``adapters``: the decoder, and low-rank adapters of the encoder's attention (Hu
        et al. 2021, "LoRA").
    rank
        Rank of the adapters.
    with_instances
        The instance head too, whatever the parts.

    Raises
    ------
    TrainingError
        If there is no such choice, or the model has no attention to adapt.
    MissingPackageError
        If adapters are chosen and peft is not installed.
    """
    if parts not in COMPONENTS_OF:
        raise TrainingError(
            f"There are no parts {parts!r} to train. Known: {', '.join(COMPONENTS_OF)}."
        )
    chosen = {*COMPONENTS_OF[parts], *["instances"] * with_instances}
    for name, part in learner.components().items():
        part.requires_grad_(name in chosen)
    if parts == "adapters":
        _add_adapters(learner, rank)


def _add_adapters(learner: TrainableModel, rank: int) -> None:
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError as wrong:
        raise MissingPackageError(
            f"Training adapters needs peft, which cannot be imported: {wrong}. Install "
            "it: pip install peft."
        ) from wrong
    config = LoraConfig(r=rank, lora_alpha=rank, target_modules=_ADAPTED)
    try:
        learnt = {n for n, p in learner.model.named_parameters() if p.requires_grad}
        inject_adapter_in_model(config, learner.model)
    except ValueError as wrong:
        raise TrainingError(
            f"{learner.architecture} has no attention layers to add adapters to. "
            "Train its decoder, its encoder, or all."
        ) from wrong
    for name, parameter in learner.model.named_parameters():
        parameter.requires_grad_("lora_" in name or name in learnt)


def merged(model: nn.Module) -> nn.Module:
    """Return a copy of a model with its adapters merged into the weights."""
    model = copy.deepcopy(model)
    for name, layer in list(model.named_modules()):
        if hasattr(layer, "base_layer") and hasattr(layer, "merge"):
            layer.merge()
            owner = model.get_submodule(name.rpartition(".")[0])
            setattr(owner, name.rpartition(".")[2], layer.base_layer)
    return model


def parameter_groups(learner: TrainableModel, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the optimiser groups of trainable parameters, by rate and weight decay.

    Encoder layers learn the slower the earlier they are (Bao et al. 2021, "BEiT");
    vectors and tables of positions do not decay.

    Returns
    -------
    list
        Groups with ``params``, ``weight_decay`` and ``scale``, the share of the rate.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in learner.model.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = learner.layer_of(name)
        scale = 1.0
        if layer is not None:
            scale = recipe.layer_decay ** (layer[1] - 1 - layer[0])
        decays = parameter.ndim > 1 and "pos" not in name.rpartition(".")[2]
        groups.setdefault((scale, recipe.weight_decay * decays), []).append(parameter)
    if not groups:
        raise TrainingError("No parameter of the model is trainable.")
    return [
        {"params": params, "weight_decay": decay, "scale": scale}
        for (scale, decay), params in groups.items()
    ]
