"""Every room says what it is for, and the ground floor stays small."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "napari_sam"
MODULES = sorted(PACKAGE.rglob("*.py"))
SHIPPED_TEXT = [
    path
    for folder in ("src", "docs", "examples", "benchmarks", "scripts", ".ci")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".py", ".md", ".sh", ".yaml", ".ipynb", ""} and path.is_file()
] + sorted(ROOT.glob("*.md"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("folder", sorted({p.parent for p in MODULES}), ids=name)
def test_a_package_says_what_it_is_for(folder):
    init = folder / "__init__.py"
    assert init.exists()
    assert ast.get_docstring(ast.parse(init.read_text()))


def test_the_ground_floor_is_small():
    packages: dict[str, list[Path]] = {}
    for path in sorted((PACKAGE / "core").rglob("*.py")):
        packages.setdefault(name(path.parent), []).append(path)
    lengths = {
        name(path): len(path.read_text().splitlines())
        for paths in packages.values()
        for path in paths
    }
    assert {file: n for file, n in lengths.items() if n > 250} == {}
    assert {room: len(p) for room, p in packages.items() if len(p) > 15} == {}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_no_room_takes_the_public_names_from_the_front(path):
    """`from napari_sam import Prompts` would load the room of Prompts, unseen."""
    rooms = {p.stem for p in PACKAGE.iterdir()}
    taken = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == "napari_sam"
        for alias in node.names
    }
    allowed = rooms | {"__version__"}
    assert taken <= allowed


def test_nobody_is_sent_to_the_other_project_of_this_name():
    """An index knows the name as somebody else's: we never say to install it."""
    command = "pip install "
    phrases = [command + quote + "napari-sam" for quote in ("", '"', "'", "-U ")]
    for path in SHIPPED_TEXT:
        found = [phrase for phrase in phrases if phrase in path.read_text()]
        assert not found, name(path)
