"""Which weights learn, and how fast."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from napari_sam.core.errors import MissingPackageError, TrainingError

if TYPE_CHECKING:
    from torch import nn

    from napari_sam.training.learner import Learner
    from napari_sam.training.recipe import Recipe

__all__ = ["COMPONENTS_OF", "merged", "parameter_groups", "set_trainable"]

#: What `set_trainable` knows, and which parts of a model each lets learn.
COMPONENTS_OF: dict[str, tuple[str, ...]] = {
    "all": ("encoder", "prompts", "decoder"),
    "decoder": ("decoder",),
    "encoder": ("encoder",),
    "adapters": ("decoder",),
}
#: Layers that low-rank adapters are put beside.
_ADAPTED = r"image_encoder\..*\.attn\.(qkv|proj)"


def set_trainable(learner: Learner, parts: str, *, rank: int = 8) -> None:
    """Let some parts of a model learn, and freeze the rest.

    Parameters
    ----------
    learner
        Whose model.
    parts
        ``all``, ``decoder``, ``encoder``, or ``adapters``: the decoder, and low-rank
        adapters beside the encoder's attention (Hu et al. 2021, "LoRA").
    rank
        Of the adapters.

    Raises
    ------
    TrainingError
        If there is no such choice, or the model has no attention to adapt.
    MissingPackageError
        If adapters are wanted and peft is not installed.
    """
    if parts not in COMPONENTS_OF:
        raise TrainingError(
            f"There are no parts {parts!r} to train. Known: {', '.join(COMPONENTS_OF)}."
        )
    for name, part in learner.components().items():
        part.requires_grad_(name in COMPONENTS_OF[parts])
    if parts == "adapters":
        _add_adapters(learner, rank)


def _add_adapters(learner: Learner, rank: int) -> None:
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
            f"{learner.architecture} has no attention that adapters could be put "
            "beside. Train its decoder, its encoder, or all."
        ) from wrong
    for name, parameter in learner.model.named_parameters():
        parameter.requires_grad_("lora_" in name or name in learnt)


def merged(model: nn.Module) -> nn.Module:
    """Return a copy whose adapters are added to the weights they stand beside."""
    model = copy.deepcopy(model)
    for name, layer in list(model.named_modules()):
        if hasattr(layer, "base_layer") and hasattr(layer, "merge"):
            layer.merge()
            owner = model.get_submodule(name.rpartition(".")[0])
            setattr(owner, name.rpartition(".")[2], layer.base_layer)
    return model


def parameter_groups(learner: Learner, recipe: Recipe) -> list[dict[str, Any]]:
    """Sort what learns by its rate and weight decay, for an optimiser.

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
        raise TrainingError("Nothing of the model would learn.")
    return [
        {"params": params, "weight_decay": decay, "scale": scale}
        for (scale, decay), params in groups.items()
    ]
