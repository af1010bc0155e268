"""No two modules need each other when they are imported."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src/napari_sam"


def module_of(path):
    parts = ("napari_sam", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree, known):
    """Modules that are imported when one is loaded: not in functions, nor for types."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [
                n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)
            ]


def test_no_modules_import_each_other_in_a_circle():
    paths = {module_of(p): p for p in PACKAGE.rglob("*.py")}
    graph = {
        name: {m for m in imported(ast.parse(p.read_text()), paths) if m in paths}
        - {name}
        for name, p in paths.items()
    }
    assert len(graph) > 100
    TopologicalSorter(graph).prepare()
