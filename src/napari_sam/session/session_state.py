"""All that a session knows: labels, prompts and objects. It changes through edits."""

from __future__ import annotations

from collections import UserDict, defaultdict
from typing import TYPE_CHECKING, TypeVar

from napari_sam.core.address import Address
from napari_sam.core.propagation import State
from napari_sam.session.labels.label_store import LabelStore
from napari_sam.session.object_table import ObjectInfo, ObjectTable

if TYPE_CHECKING:
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.propagation import Edge, ObjectState
    from napari_sam.session.labels.arrays import LabelArray

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


class SessionState:
    """Labels, prompts and objects of one image.

    Parameters
    ----------
    frames
        The image.
    labels
        Objects that are there already; by default, none.

    Attributes
    ----------
    frames
        The image.
    labels, footprints
        The labels, and where each object lies in them.
    open_prompts
        Prompts whose masks are not in the labels, or are to be corrected.
    committed_prompts
        Prompts whose masks are in the labels.
    tracked
        How it is known where an object is on a frame, where no person has said it by
        prompts or by hand: propagated, approved or absent.
    edges
        Divisions and merges of objects.
    objects
        Names, classes and the like, by the number of the object.
    """

    def __init__(self, frames: Frames, labels: LabelArray | None = None) -> None:
        self.frames = frames
        self.labels = LabelStore(frames, labels)
        self.footprints = self.labels.footprints
        self.open_prompts: AddressTable[Prompts] = AddressTable()
        self.committed_prompts: AddressTable[Prompts] = AddressTable()
        self.tracked: AddressTable[ObjectState] = AddressTable()
        self.edges: frozenset[Edge] = frozenset()
        self.objects = ObjectTable()
        for object_id in self.footprints.object_ids:
            self.objects.put(object_id, ObjectInfo(status="committed"))

    def approved_on(self, frame: int) -> frozenset[int]:
        """Return the objects that nothing may change on a frame."""
        here = self.footprints.in_frame(frame) if self.tracked else []
        ats = (Address(frame, i) for i in here)
        own = (at.object_id for at in ats if self.known(at) is State.APPROVED)
        return frozenset(self.objects.approved).union(own)

    def known(self, at: Address) -> State | None:
        """Return how it is known where an object is on a frame; None if it is not."""
        found = self.tracked.get(at)
        if found is not None:
            return found.state
        return State.PROMPTED if at in self.footprints else None

    def is_decided(self, at: Address) -> bool:
        """Whether a person has said where an object is on a frame, or that it is not.

        Propagation changes no such frame.
        """
        return self.known(at) not in (None, State.PROPAGATED)
