"""Settings as the forms of a browser: its fields, and what a person filled in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from napari_sam.annotator.batch import BatchSettings
from napari_sam.automatic import (
    EverythingSettings,
    FilterSettings,
    InstanceSettings,
    SimilarSettings,
    TextSettings,
)
from napari_sam.core.settings import settings_of
from napari_sam.image.settings import EmbedSettings
from napari_sam.jobs.physical_sizes import area_unit
from napari_sam.labelling import LabelSettings
from napari_sam.tracking import PropagateSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from _typeshed import DataclassInstance

    from napari_sam.core.json_values import JsonDict, JsonObject, UncheckedJson
    from napari_sam.core.settings import Setting

#: A frozen dataclass whose fields are made by `napari_sam.core.settings.setting`.
S = TypeVar("S", bound="DataclassInstance")

#: What None is called where a setting does not say what it stands for.
_AUTOMATIC = "automatic"
#: The settings of each form, and those of their fields that are shown; all, if none.
_FORMS: Mapping[str, tuple[DataclassInstance, Sequence[str]]] = {
    "everything": (EverythingSettings(), ()),
    "instances": (InstanceSettings(), ()),
    "filters": (FilterSettings(), ("score", "smallest", "largest", "exclude_border")),
    "similar": (SimilarSettings(), ()),
    "text": (TextSettings(), ("threshold",)),
    "label": (LabelSettings(), ("similarity",)),
    "embed": (EmbedSettings(), ("background", "batch")),
    "batch": (BatchSettings(), ("overlap",)),
    "propagate": (PropagateSettings(), ()),
}


def all_forms(filters: FilterSettings | None = None) -> dict[str, list[JsonDict]]:
    """Return the fields of every form, by its name.

    Parameters
    ----------
    filters
        What that of filters shows at first, in the unit of the image.
    """
    forms = {
        name: form_of(settings, names=names)
        for name, (settings, names) in _FORMS.items()
    }
    if filters is not None and filters.size_unit:
        names = _FORMS["filters"][1]
        forms["filters"] = [
            field | {"unit": area_unit(filters), "step": None}
            if field["unit"]
            else field
            for field in form_of(filters, names=names)
        ]
    return forms


def form_of(
    settings: DataclassInstance, *, names: Sequence[str] = ()
) -> list[JsonDict]:
    """Return the fields of a form, as a message has them.

    Parameters
    ----------
    settings
        What the form shows at first.
    names
        Settings to show; by default, all that are numbers, choices, or yes and no.
    """
    return [
        _field(one, getattr(settings, one.name))
        for one in settings_of(type(settings))
        if _has_field(one) and (not names or one.name in names)
    ]


def read_settings(settings: S, values: JsonObject) -> S:
    """Return settings with what a person filled in; others stay as they are.

    Raises
    ------
    SettingError
        If a value is out of its range.
    TypeError, ValueError
        If it is of another kind.
    """
    known = {one.name: one for one in settings_of(type(settings)) if _has_field(one)}
    read = {name: _value(known[name], value) for name, value in values.items()}
    return replace(settings, **read)


def _has_field(one: Setting) -> bool:
    return bool(one.choices) or one.type in (bool, int, float)


def _field(one: Setting, value: UncheckedJson) -> JsonDict:
    """Return a field; settings that have one have values that JSON has too."""
    choices: list[UncheckedJson] = [[choice, str(choice)] for choice in one.choices]
    if one.optional:
        choices.insert(0, [None, one.automatic or _AUTOMATIC])
    return {
        "name": one.name,
        "label": one.label,
        "tip": one.tip,
        "unit": one.unit,
        "kind": one.type.__name__,
        "minimum": one.minimum,
        "maximum": one.maximum,
        "step": one.step,
        "choices": choices if one.choices else [],
        "automatic": one.automatic or _AUTOMATIC,
        "optional": one.optional,
        "value": value,
    }


def _value(one: Setting, value: object) -> object:
    """Read a value: JSON does not tell whole numbers from others."""
    if value is None or one.choices:
        return value
    if one.type is bool:
        return bool(value)
    if not isinstance(value, int | float):
        raise TypeError(f"{one.name}={value!r}")
    return one.type(value)
