"""A slider for one setting between two numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSlider

from napari_sam.core.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import DataclassInstance

#: Steps of a slider for 1.
_STEPS = 100
#: Pixels of the longest word before a slider.
_LABEL = 84


class SettingSlider(QSlider):
    """A slider over the range of a setting, which a person moves without waiting.

    Parameters
    ----------
    settings
        The group of settings; the slider begins at the value there.
    name
        Of the field.
    moved
        Called whenever it was moved.

    Attributes
    ----------
    label
        The words of the setting, to stand before it.
    """

    def __init__(
        self, settings: DataclassInstance, name: str, moved: Callable[[], object]
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        one = next(s for s in settings_of(type(settings)) if s.name == name)
        lowest = one.minimum or 0
        highest = 1 if one.maximum is None else one.maximum
        self.setRange(round(lowest * _STEPS), round(highest * _STEPS))
        self.setValue(round(getattr(settings, name) * _STEPS))
        self.setToolTip(one.tip)
        self.setAccessibleName(one.label)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.valueChanged.connect(lambda _: moved())
        self.label = QLabel(one.label)
        self.label.setFixedWidth(_LABEL)

    @property
    def setting(self) -> float:
        """The value of the setting."""
        return self.value() / _STEPS
