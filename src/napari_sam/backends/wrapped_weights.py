"""The weights within what training programs save, under their own names."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

from torch import Tensor

from napari_sam.core.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

#: Keys under which training programs wrap the weights; of several, the first.
_WRAPPERS = (
    "model", "model_state", "state_dict", "model_state_dict", "model_ema", "ema",
    "ema_state_dict", "net", "network", "params", "weights",
)  # fmt: skip
#: What they put before the names of weights, beside others such as losses.
_PREFIXES = ("module.", "_orig_mod.", "model.", "sam_model.", "sam.", "net.")
#: What names of weights begin with.
_MODEL = ("image_encoder.", "prompt_encoder.", "mask_decoder.")
#: Wrappers and prefixes may lie in each other, so many times.
_DEEPEST = 4


def unwrapped(path: Path, loaded: object) -> dict[str, Tensor]:
    """Return the state dict in what a training program saved, without its prefixes.

    Wrappers are known by their key, or by being the only one that holds tensors;
    a prefix by its name, or by standing before all names.

    Raises
    ------
    CheckpointError
        If there is none, or several of which none is known.
    """
    for _ in range(_DEEPEST):
        inner = _wrapped(path, loaded)
        if inner is None:
            break
        loaded = inner
    return _without_prefix(checked_state(path, loaded))


def checked_state(path: Path, loaded: object) -> dict[str, Tensor]:
    """Return a state dict; refuse anything else."""
    if not _is_state(loaded):
        raise CheckpointError(f"{path} holds no state dict: names and tensors.")
    return loaded


def _is_state(loaded: object) -> TypeGuard[dict[str, Tensor]]:
    return isinstance(loaded, dict) and all(
        isinstance(k, str) and isinstance(v, Tensor) for k, v in loaded.items()
    )


def _wrapped(path: Path, loaded: object) -> object | None:
    """Return what lies under the key of a training program, if there is one."""
    if not isinstance(loaded, dict) or (loaded and _is_state(loaded)):
        return None
    known = (loaded[w] for w in _WRAPPERS if isinstance(loaded.get(w), dict))
    first = next(known, None)
    if first is not None:
        return first
    holders = [str(k) for k, v in loaded.items() if _holds_tensors(v)]
    if len(holders) > 1:
        raise CheckpointError(
            f"{path} holds several state dicts: {', '.join(holders[:6])}. Save the one "
            "of the model alone."
        )
    return loaded[holders[0]] if holders else None


def _holds_tensors(value: object, depth: int = _DEEPEST) -> bool:
    """Whether tensors lie under names; those of an optimizer lie under numbers."""
    if not isinstance(value, dict) or not value or not depth:
        return False
    if not all(isinstance(k, str) for k in value):
        return False
    return _is_state(value) or any(_holds_tensors(v, depth - 1) for v in value.values())


def _without_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Drop what wrappers of modules put before the names of all weights."""
    for _ in range(_DEEPEST):
        prefix = _known_prefix(state) or _shared_prefix(state)
        if prefix is None:
            return state
        shared = {n: v for n, v in state.items() if n.startswith(prefix)}
        if len(shared) < len(state) and prefix != "sam.":
            # Beside the model: losses, metrics, counters of averages.
            others = [n for n in state if n.startswith(_MODEL)]
            if others:
                return state
            state = shared
        state = {n.removeprefix(prefix): v for n, v in state.items()}
    return state


def _known_prefix(state: dict[str, Tensor]) -> str | None:
    return next((p for p in _PREFIXES if any(n.startswith(p) for n in state)), None)


def _shared_prefix(state: dict[str, Tensor]) -> str | None:
    """Return the first part of all names if it is the same, as it is of no model."""
    first = {name.partition(".")[0] + "." for name in state}
    only = next(iter(first), "")
    alone = len(first) == 1 and len(state) > 1 and all("." in n for n in state)
    return only if alone and only not in _MODEL else None
