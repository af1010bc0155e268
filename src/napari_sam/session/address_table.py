"""Values by address, such as prompts, with an index by object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeVar

from napari_sam.core.address import Address

V = TypeVar("V")


class AddressTable(Mapping[Address, V]):
    """A value at each address: changing some takes no longer where there are many."""

    def __init__(self) -> None:
        self._values: dict[Address, V] = {}
        self._of_object: defaultdict[int, dict[Address, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Address]:
        return iter(self._values)

    def __getitem__(self, at: Address) -> V:
        return self._values[at]

    def __contains__(self, at: object) -> bool:
        return at in self._values

    def put(self, at: Address, value: V | None) -> None:
        """Set the value at an address; None removes it."""
        if value is not None:
            self._values[at] = value
            self._of_object[at.object_id][at] = None
        elif at in self._values:
            del self._values[at]
            here = self._of_object[at.object_id]
            del here[at]
            if not here:
                del self._of_object[at.object_id]

    def of_object(self, object_id: int) -> list[Address]:
        """Return the addresses at which an object has a value."""
        return list(self._of_object.get(object_id, ()))
