"""What of this package runs between a press of the mouse and the labels.

    python benchmarks/click_path.py [-v] [--tree] [--first] [--check]

A real viewer with our dock widget, the mouse and keys are Qt's own events on its
canvas, the model is `ThresholdBackend` in this process. One object was clicked and
committed before, so that everything is imported and its tile is embedded; with
`--first`, none was.

Counted are distinct functions of napari_sam, by their code; a lambda, a comprehension
or a function within another one counts as the one around it. The path begins where
napari or a thread calls one of `ROOTS`: the press on the layer of clicks, the point
that napari then adds to it, the prediction on its thread, its response in the window,
and the key K, which commits. All that these call is on the path, whichever room it is
in, signals, panels and the model included. What somebody else calls meanwhile is not,
and is counted beside it, by who calls it: Qt, which draws tables and asks event
filters, a timer, and the journal's thread, which writes half a second later.

Besides: how much of it is in each room, and how often the layer of clicks was read,
written and styled. `-v` lists the functions by file, `--tree` as they call each other,
in order; `--check` fails where there are more than `MOST`.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from _window import Window, screen

import napari_sam

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

PACKAGE = Path(napari_sam.__file__).parent
#: Where the path of a click begins, each called by napari, Qt or a thread.
ROOTS = {
    "PromptMouse._press",
    "PromptLayers._on_data",
    "PromptLayers._on_features",
    "_WorkerThread._serve",
    "_WorkerThread._next",
    "_Task.__call__",
    "_MainThread._call",
    "_pressed",
}
#: Functions and files that a click may take: fewer, when some are spared.
MOST = (259, 69)
#: What is counted besides, by the functions that do it.
COUNTED = {
    "layer read": "PromptLayer.read",
    "layer written": "PromptLayer._write_some",
    "layer styled": "style_points",
}


class Function(NamedTuple):
    """A function by its file and its name, without what is defined within it."""

    file: str
    name: str

    @property
    def room(self) -> str:
        folders = self.file.split("/")[:-1]
        return "/".join(folders if folders[0] == "apps" else folders[:1])

    @classmethod
    def of(cls, code: CodeType) -> Function:
        file = Path(code.co_filename).relative_to(PACKAGE).as_posix()
        return cls(file, code.co_qualname.split(".<locals>")[0])


@dataclass
class Call:
    """Calls of a function from one place, and what it called, in order."""

    count: int = 0
    inner: dict[Function, Call] = field(default_factory=dict)

    def enter(self, function: Function) -> Call:
        call = self.inner.setdefault(function, Call())
        call.count += 1
        return call

    def every(self) -> Iterator[tuple[Function, int]]:
        """Every function below, and how often it was called from there."""
        for function, call in self.inner.items():
            yield function, call.count
            yield from call.every()


class Calls:
    """The calls of functions of this package while it is on, as trees."""

    def __init__(self) -> None:
        self.on = False
        self.tree = Call()
        self._open: defaultdict[int, list[tuple[CodeType, Call]]] = defaultdict(list)
        sys.setprofile(self._note)
        threading.setprofile(self._note)

    def stop(self) -> None:
        sys.setprofile(None)
        threading.setprofile(None)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        ours = self.on and code.co_filename.startswith(f"{PACKAGE}")
        if not ours or code.co_qualname == "<module>":
            return
        calls = self._open[threading.get_ident()]
        if event == "call":
            around = calls[-1] if calls else (None, self.tree)
            function = Function.of(code)
            # What is within a function is a part of it.
            own = around[0] is not None and Function.of(around[0]) == function
            nested = own and ".<locals>" in code.co_qualname
            calls.append((code, around[1] if nested else around[1].enter(function)))
        elif event == "return" and any(code is one for one, _ in calls):
            while calls.pop()[0] is not code:
                pass


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


def walk(*, first: bool) -> Call:
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
    calls.stop()
    assert int((window.annotator.session.labels > 0).sum()) in (225, 625)
    window.close()
    return calls.tree


def path_of(tree: Call) -> Call:
    """Return what begins at one of `ROOTS`."""
    inner = {f: call for f, call in tree.inner.items() if f.name in ROOTS}
    return Call(inner=inner)


def size(functions: set[Function]) -> str:
    files = {function.file for function in functions}
    return f"{len(functions)} distinct functions in {len(files)} files"


def by_room(functions: set[Function]) -> Iterator[str]:
    rooms: defaultdict[str, set[Function]] = defaultdict(set)
    for function in functions:
        rooms[function.room].add(function)
    for room, inside in sorted(rooms.items()):
        yield f"    {room}: {size(inside)}"


def summary(tree: Call) -> Iterator[str]:
    path = path_of(tree)
    on_path = {function for function, _ in path.every()}
    yield size(on_path)
    yield from by_room(on_path)
    for what, name in COUNTED.items():
        yield f"{what}: {sum(n for f, n in path.every() if f.name == name)}"
    yield "beside the path, and not on it:"
    for root, call in tree.inner.items():
        if root.name not in ROOTS:
            beside = {root, *(f for f, _ in call.every())} - on_path
            yield f"    {root.name}: {size(beside)}"


def by_file(tree: Call) -> Iterator[str]:
    found: defaultdict[str, defaultdict[str, int]]
    found = defaultdict(lambda: defaultdict(int))
    for function, count in path_of(tree).every():
        found[function.file][function.name] += count
    for file, names in sorted(found.items()):
        yield f"{file}: {len(names)}"
        yield from (f"    {name} ({count})" for name, count in sorted(names.items()))


def as_tree(call: Call, depth: int = 0) -> Iterator[str]:
    for function, inner in call.inner.items():
        yield f"{'  ' * depth}{function.name} ({inner.count})  {function.file}"
        yield from as_tree(inner, depth + 1)


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("-v", "--verbose", action="store_true")
    given.add_argument("--tree", action="store_true")
    given.add_argument("--first", action="store_true")
    given.add_argument("--check", action="store_true")
    options = given.parse_args()
    with screen():
        tree = walk(first=options.first)
    print(*summary(tree), sep="\n")
    if options.verbose:
        print(*by_file(tree), sep="\n")
    if options.tree:
        print(*as_tree(path_of(tree)), sep="\n")
    if options.check:
        check(tree)


def check(tree: Call) -> None:
    """Fail where a click has become longer."""
    functions = {function for function, _ in path_of(tree).every()}
    files = {function.file for function in functions}
    if len(functions) > MOST[0] or len(files) > MOST[1]:
        raise SystemExit(f"more than {MOST[0]} functions in {MOST[1]} files")


if __name__ == "__main__":
    main()
