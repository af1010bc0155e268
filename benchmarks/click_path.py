"""What of this package runs between a press of the mouse and the labels.

    python benchmarks/click_path.py [-v] [--first]

A real viewer with our dock widget, the mouse and keys are Qt's own events on its
canvas, the model is `ThresholdBackend` in this process. Counted are distinct functions
of napari_sam, by their code, on all threads, from the press of the button over the
preview to the labels after the key K; a lambda, a comprehension or a function within
another one counts as the one around it. One object was clicked and committed before,
so that everything is imported and its tile is embedded; with `--first`, none was.
Besides: how often the layer of clicks was read and written, and how often styled. `-v`
lists the functions.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _window import Window, screen

import napari_sam

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

PACKAGE = Path(napari_sam.__file__).parent
#: What is counted besides, by the functions that do it.
COUNTED = {
    "layer read": "prompt_layer.py PromptLayer.read",
    "layer written": "prompt_layer.py PromptLayer._write_some",
    "layer styled": "prompt_layer.py PromptLayer.restyle",
}


class Calls:
    """Counts calls of functions of this package while it is on."""

    def __init__(self) -> None:
        self.on = False
        self.codes: Counter[CodeType] = Counter()
        sys.setprofile(self._count)
        threading.setprofile(self._count)

    def _count(self, frame: FrameType, event: str, _: object) -> None:
        if self.on and event == "call":
            self.codes[frame.f_code] += 1

    def functions(self) -> Counter[tuple[str, str]]:
        """How often each function was called, by its file and its name."""
        found: Counter[tuple[str, str]] = Counter()
        for code, count in self.codes.items():
            path = Path(code.co_filename)
            outer = code.co_qualname.split(".<locals>")[0]
            if path.is_relative_to(PACKAGE) and outer != "<module>":
                # What is called within another function adds no call of its own.
                own = count if outer == code.co_qualname else 0
                found[path.relative_to(PACKAGE).as_posix(), outer] += own
        return found


def commit(window: Window, row: float, col: float) -> None:
    """Click at an object, wait for its mask, and commit it."""
    session = window.annotator.session
    window.press(row, col)
    window.wait(lambda: session.preview is not None)
    window.key("K")
    for _ in range(20):
        window.turn()
    assert session.preview is None


def squares() -> Any:
    """Two bright squares in a dark plane."""
    pixels = np.zeros((64, 64), np.uint8)
    pixels[10:30, 20:40] = 200
    pixels[45:60, 5:20] = 250
    return pixels


def walk(*, first: bool) -> Counter[tuple[str, str]]:
    """Return what one click runs."""
    from napari_sam.testing import ThresholdBackend

    calls = Calls()
    window = Window(ThresholdBackend())
    window.show(squares())
    if not first:
        commit(window, 15, 25)
    calls.on = True
    commit(window, 52, 12)
    calls.on = False
    sys.setprofile(None)
    threading.setprofile(None)
    assert int((window.annotator.session.labels > 0).sum()) in (225, 625)
    window.close()
    return calls.functions()


def lines(functions: Counter[tuple[str, str]], *, verbose: bool) -> Iterator[str]:
    by_file: defaultdict[str, list[str]] = defaultdict(list)
    for (file, name), count in sorted(functions.items()):
        by_file[file].append(f"{name} ({count})")
    yield f"{len(functions)} distinct functions in {len(by_file)} files"
    for what, ending in COUNTED.items():
        file, name = ending.split()
        times = sum(
            n for (f, q), n in functions.items() if f.endswith(file) and q == name
        )
        yield f"{what}: {times}"
    if verbose:
        for file, names in by_file.items():
            yield f"{file}: {len(names)}"
            yield from (f"    {name}" for name in names)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("-v", "--verbose", action="store_true")
    given.add_argument("--first", action="store_true")
    options = given.parse_args()
    with screen():
        functions = walk(first=options.first)
    print(*lines(functions, verbose=options.verbose), sep="\n")


if __name__ == "__main__":
    main()
