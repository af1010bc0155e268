"""Values by address, such as prompts, with an index by object."""

from __future__ import annotations

from collections import UserDict, defaultdict
from typing import TypeVar

from napari_sam.core.address import Address

V = TypeVar("V")


class AddressTable(UserDict[Address, V]):
    """A value at each address: changing some takes no longer where there are many."""

    def __init__(self) -> None:
        super().__init__()
        self._of_object: defaultdict[int, dict[Address, None]] = defaultdict(dict)

    def __setitem__(self, at: Address, value: V) -> None:
        self.data[at] = value
        self._of_object[at.object_id][at] = None

    def __delitem__(self, at: Address) -> None:
        del self.data[at]
        here = self._of_object[at.object_id]
        del here[at]
        if not here:
            del self._of_object[at.object_id]

    def put(self, at: Address, value: V | None) -> None:
        """Set the value at an address; None removes it."""
        if value is None:
            self.pop(at, None)
        else:
            self[at] = value

    def of_object(self, object_id: int) -> list[Address]:
        """Return the addresses at which an object has a value."""
        return list(self._of_object.get(object_id, ()))
