"""Prompts of objects by address, with an index by object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from napari_sam.core.address import Address
from napari_sam.core.prompts import Prompts


class PromptTable(Mapping[Address, Prompts]):
    """Prompts at each address: changing some takes no longer where there are many."""

    def __init__(self) -> None:
        self._prompts: dict[Address, Prompts] = {}
        self._of_object: defaultdict[int, dict[Address, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._prompts)

    def __iter__(self) -> Iterator[Address]:
        return iter(self._prompts)

    def __getitem__(self, at: Address) -> Prompts:
        return self._prompts[at]

    def __contains__(self, at: object) -> bool:
        return at in self._prompts

    def put(self, at: Address, prompts: Prompts | None) -> None:
        """Set the prompts at an address; None removes them."""
        if prompts is not None:
            self._prompts[at] = prompts
            self._of_object[at.object_id][at] = None
        elif at in self._prompts:
            del self._prompts[at]
            here = self._of_object[at.object_id]
            del here[at]
            if not here:
                del self._of_object[at.object_id]

    def of_object(self, object_id: int) -> list[Address]:
        """Return the addresses at which an object has prompts."""
        return list(self._of_object.get(object_id, ()))
