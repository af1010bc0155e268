"""Forms of magicgui for settings: a dataclass of settings in, a widget out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from magicgui.widgets import CheckBox, ComboBox, Container, FloatSpinBox
from psygnal import Signal

from napari_sam.core.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from magicgui.widgets.bases import ValueWidget
    from qtpy.QtWidgets import QDoubleSpinBox, QWidget

    from napari_sam.core.settings import Setting

#: A frozen dataclass whose fields are made by `napari_sam.core.settings.setting`.
S = TypeVar("S")

#: Range of a number whose setting has none, and how far a button changes a float.
_LOWEST, _HIGHEST, _STEP = -1_000_000, 1_000_000, 0.1
#: What None is called where a setting does not say what it stands for.
_AUTOMATIC = "automatic"


class SettingsForm(Generic[S]):
    """A form of magicgui in which a group of settings is changed.

    Settings that have no widget (see `has_widget`; regions, paths, any text) stay
    as they were given.

    Parameters
    ----------
    settings
        What the form shows at first.
    names
        Fields to show; by default, all that have a widget.

    Attributes
    ----------
    container
        The container of magicgui, with a widget for each setting, by name.
    changed
        Emits the new settings when a person changed one.
    """

    changed = Signal(object)

    def __init__(self, settings: S, *, names: Collection[str] | None = None) -> None:
        group: Any = type(settings)
        self._settings = settings
        self._shown = [
            one
            for one in settings_of(group)
            if has_widget(one) and (names is None or one.name in names)
        ]
        self.container: Container[ValueWidget[Any]] = Container(
            widgets=[_widget(one) for one in self._shown]
        )
        self.container.margins = (0, 0, 0, 0)
        #: What each widget has while nobody changed it: a box rounds numbers.
        self._unchanged: dict[str, object] = {}
        self.settings = settings
        self.container.changed.connect(self._on_changed)

    @property
    def widget(self) -> QWidget:
        """The form as a widget of Qt, to be laid out in a panel."""
        native: QWidget = self.container.native
        return native

    @property
    def settings(self) -> S:
        """The settings as the form shows them; setting them changes the form."""
        values = {one.name: self._value(one) for one in self._shown}
        changed: S = replace(self._settings, **values)  # type: ignore[type-var]
        return changed

    @settings.setter
    def settings(self, settings: S) -> None:
        self._settings = settings
        with self.container.changed.blocked():
            for one in self._shown:
                widget = self.container[one.name]
                widget.value = _to_widget(one, getattr(settings, one.name))
                self._unchanged[one.name] = widget.value

    def _value(self, one: Setting) -> object:
        value: object = self.container[one.name].value
        if value == self._unchanged[one.name]:
            given: object = getattr(self._settings, one.name)
            return given
        return _from_widget(one, value)

    def _on_changed(self) -> None:
        self.changed.emit(self.settings)


def has_widget(one: Setting) -> bool:
    """Tell whether a form has a widget for a setting.

    A number that may be None needs a smallest one, below which None has its place.
    """
    if one.choices or one.type is bool:
        return True
    is_number = one.type in (int, float)
    return is_number and (one.minimum is not None or not one.optional)


def _widget(one: Setting) -> ValueWidget[Any]:
    """Make the widget of a setting, with its label, tip, unit and range."""
    if one.choices:
        return _list(one)
    if one.type is bool:
        return CheckBox(name=one.name, label=one.label, tooltip=one.tip)
    return _spin_box(one)


def _list(one: Setting) -> ComboBox:
    """Make a list of the choices of a setting, and of None where it may be None."""
    none = [(one.automatic or _AUTOMATIC, None)] if one.optional else []
    return ComboBox(
        name=one.name,
        label=one.label,
        tooltip=one.tip,
        choices=[*none, *((str(choice), choice) for choice in one.choices)],
        nullable=one.optional,
    )


def _spin_box(one: Setting) -> FloatSpinBox:
    """Make a box for a number: None is below the smallest one, and has words.

    Whole numbers too: the box of magicgui for them shows neither units nor words.
    """
    made = FloatSpinBox(
        name=one.name,
        label=one.label,
        tooltip=one.tip,
        min=_none_of(one) if one.optional else _least(one),
        max=_HIGHEST if one.maximum is None else one.maximum,
        step=_step(one),
        value=_least(one),
    )
    native: QDoubleSpinBox = made.native
    if one.type is int:
        native.setDecimals(0)
    if one.unit:
        native.setSuffix(f" {one.unit}")
    if one.optional:
        native.setSpecialValueText(one.automatic or _AUTOMATIC)
    return made


def _to_widget(one: Setting, value: object) -> object:
    return _none_of(one) if value is None and not one.choices else value


def _from_widget(one: Setting, value: object) -> object:
    if one.choices or not isinstance(value, float):
        return value
    if one.optional and value == _none_of(one):
        return None
    return int(value) if one.type is int else value


def _none_of(one: Setting) -> float:
    """Return the number of a spin box that stands for None."""
    return _least(one) - _step(one)


def _least(one: Setting) -> float:
    return _LOWEST if one.minimum is None else one.minimum


def _step(one: Setting) -> float:
    return one.step or (1 if one.type is int else _STEP)
