"""Forms of magicgui for settings: a dataclass of settings in, a widget out."""

from __future__ import annotations

from dataclasses import replace
from math import floor, log10
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from magicgui.widgets import CheckBox, ComboBox, Container, FloatSpinBox, LineEdit
from psygnal import Signal
from qtpy.QtCore import QLocale, Qt
from qtpy.QtGui import QDoubleValidator, QIntValidator
from qtpy.QtWidgets import QLabel

from napari_sam.apps.dock.panels.widgets import LABEL
from napari_sam.core.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from magicgui.widgets.bases import ValueWidget
    from qtpy.QtGui import QValidator
    from qtpy.QtWidgets import QDoubleSpinBox, QLineEdit, QWidget

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
        self._align()
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
                least = widget.min if isinstance(widget, FloatSpinBox) else 0.0
                widget.value = _to_widget(one, getattr(settings, one.name), least)
                self._unchanged[one.name] = widget.value

    def set_unit(self, unit: str, *names: str, step: float) -> None:
        """Show another unit behind some numbers, which then go by another step."""
        for name in names:
            native: QDoubleSpinBox = self.container[name].native
            native.setSuffix(f" {unit}")
            native.setDecimals(max(0, -floor(log10(step))))
            native.setSingleStep(step)
            if native.specialValueText():
                native.setMinimum(-step)  # which stands for None

    def _align(self) -> None:
        """Align the widgets: magicgui measures labels before they have their font."""
        labels = self.widget.findChildren(QLabel)
        width = max([LABEL, *(9 * len(label.text()) for label in labels)])
        for label in labels:
            label.setMinimumWidth(width)

    def _value(self, one: Setting) -> object:
        value: object = self.container[one.name].value
        if value == self._unchanged[one.name]:
            given: object = getattr(self._settings, one.name)
            return given
        return _from_widget(one, value)

    def _on_changed(self) -> None:
        self.changed.emit(self.settings)


def has_widget(one: Setting) -> bool:
    """Tell whether a form has a widget for a setting."""
    return bool(one.choices) or one.type in (bool, int, float)


def _widget(one: Setting) -> ValueWidget[Any]:
    """Make the widget of a setting, with its label, tip, unit and range."""
    if one.choices:
        return _without_focus(_list(one))
    if one.type is bool:
        box = CheckBox(name=one.name, label=one.label, tooltip=one.tip)
        return _without_focus(box)
    if _is_line(one):
        return _line(one)
    return _spin_box(one)


def _without_focus(widget: ValueWidget[Any]) -> ValueWidget[Any]:
    """Take no focus by a click: letters that are pressed after it are the viewer's."""
    native: QWidget = widget.native
    native.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return widget


def _line(one: Setting) -> LineEdit:
    """Make a line for a number that may be any, or None where it is empty."""
    made = LineEdit(name=one.name, label=one.label, tooltip=one.tip)
    native: QLineEdit = made.native
    low, high = _LOWEST, _HIGHEST if one.maximum is None else one.maximum
    validator: QValidator = (
        QIntValidator(low, int(high), native)
        if one.type is int
        else QDoubleValidator(low, high, -1, native)
    )
    validator.setLocale(QLocale.c())
    native.setValidator(validator)
    native.setPlaceholderText(one.automatic or _AUTOMATIC)
    return made


def _list(one: Setting) -> ComboBox:
    """Make a list of the choices of a setting, and of None where it may be None."""
    none = [(one.automatic or _AUTOMATIC, None)] if one.optional else []
    return ComboBox(
        name=one.name,
        label=one.label,
        tooltip=one.tip,
        choices=[*none, *((str(choice), choice) for choice in one.choices)],
    )


def _spin_box(one: Setting) -> FloatSpinBox:
    """Make a box for a number: None is below the smallest one, and has words.

    Whole numbers too: the box of magicgui for them shows neither units nor words.
    """
    made = FloatSpinBox(
        name=one.name,
        label=one.label,
        tooltip=one.tip,
        min=_least(one) - _step(one) * one.optional,
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


def _to_widget(one: Setting, value: object, least: float) -> object:
    if _is_line(one):
        return "" if value is None else repr(value)
    return least if value is None and not one.choices else value


def _from_widget(one: Setting, value: object) -> object:
    if isinstance(value, str) and _is_line(one):
        return _number(one, value)
    if one.choices or not isinstance(value, float):
        return value
    if one.optional and value < _least(one):
        return None
    return int(value) if one.type is int else value


def _is_line(one: Setting) -> bool:
    """Tell whether a setting is a number for which a spin box has no place for None."""
    is_number = one.type in (int, float) and not one.choices
    return is_number and one.optional and one.minimum is None


def _number(one: Setting, text: str) -> float | None:
    """Read a number; None while there is none, or only the beginning of one."""
    try:
        return int(text) if one.type is int else float(text)
    except ValueError:
        return None


def _least(one: Setting) -> float:
    return _LOWEST if one.minimum is None else one.minimum


def _step(one: Setting) -> float:
    return one.step or (1 if one.type is int else _STEP)
