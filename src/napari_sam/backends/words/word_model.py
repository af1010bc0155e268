"""`WordModel`: what models of words have in common, whatever they do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from napari_sam.backends.words.folder import Loaded


class WordModel:
    """A network with its tokenizer, on a device.

    Parameters
    ----------
    loaded
        The network, and the tokenizer beside it.
    name
        What its folder is called.
    device
        Where to compute.
    """

    #: What the network is called.
    network = ""

    def __init__(self, loaded: Loaded, *, name: str, device: torch.device) -> None:
        self._model = loaded.model.to(device)
        self._tokenizer, self._name, self._device = loaded.tokenizer, name, device

    @property
    def concept_model(self) -> str:
        """Name of the model of words."""
        return f"{self.network} ({self._name})"
