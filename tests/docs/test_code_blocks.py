"""Code in the pages runs, or a comment says why not, and then it is parsed.

A comment before a block, ``<!-- not run: why -->``, is about that block; one at the
head of a page, ``<!-- not run on this page: why -->``, about all of its blocks.
"""

import ast
import importlib
import json
import re
import shlex
import shutil
import tomllib
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner

import napari_sam
from napari_sam.apps.cli import main

from .files_of_the_pages import make_files

ROOT = Path(__file__).parents[2]
#: The README has a test of its own, and so have the pages of examples.
PAGES = sorted(
    page
    for page in (ROOT / "docs").rglob("*.md")
    if page.parent.name != "examples" and "_build" not in page.parts
)
FENCE = re.compile(
    r"^(?:<!-- not run: ([^\n]+?) -->\n\n?)?```([^\n]*)\n(.*?)^```$", re.M | re.S
)
OF_PAGE = re.compile(r"^<!-- not run on this page: (.+?) -->$", re.M | re.S)


class Block(NamedTuple):
    language: str
    text: str
    runs: bool


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    nothing_runs = OF_PAGE.search(text) is not None
    return [
        Block(language, body, not (reason or nothing_runs))
        for reason, language, body in FENCE.findall(text)
        if not language.startswith("{")
    ]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT / "docs").with_suffix(""))


def commands(block: str) -> list[list[str]]:
    lines = block.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_have_a_language_and_are_right(page):
    for block in blocks(page):
        match block.language:
            case "python":
                check_names(block.text)
            case "bash":
                for words in commands(block.text):
                    if words[0] == "napari-sam":
                        check_options(words[1:])
            case "json":
                json.loads(block.text)
            case "toml":
                tomllib.loads(block.text)
            case other:
                assert other == "text", f"{page.name}: ```{other}"


def check_names(text: str) -> None:
    """Everything that is taken of napari_sam is there."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("napari_sam"):
            module = importlib.import_module(node.module)
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
    for name in re.findall(r"\bsam\.(\w+)", text):
        if not hasattr(napari_sam, name):
            importlib.import_module(f"napari_sam.{name}")


def check_options(words: list[str]) -> None:
    """The command and its options exist; whether its files do is another matter."""
    command: click.Command = main
    while isinstance(command, click.Group) and words and words[0][0] != "-":
        name, *words = words
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        command = found
    known = {text for option in command.params for text in option.opts}
    known |= {text for option in command.params for text in option.secondary_opts}
    used = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert used <= known | {"--help", "-h", "--version"}, shlex.join(words)


RUNNING = [
    page
    for page in PAGES
    if any(b.runs and b.language in ("python", "bash") for b in blocks(page))
]


@pytest.mark.parametrize("page", RUNNING, ids=name_of)
def test_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NAPARI_SAM_OFFLINE", "1")
    running = [block for block in blocks(page) if block.runs]
    make_files(Path(), [block.text for block in running])
    namespace: dict[str, object] = {"__name__": "page"}
    for block in running:
        if block.language == "python":
            exec(compile(block.text, page.name, "exec"), namespace)
        elif block.language == "bash":
            for words in commands(block.text):
                run(words)


def run(words: list[str]) -> None:
    assert words[0] == "napari-sam", f"{shlex.join(words)} cannot be run here"
    if "--workers" in words:  # jobs have tests of their own
        at = words.index("--workers")
        words = words[:at] + words[at + 2 :]
    if "-o" in words:  # a page may write to the same name again
        shutil.rmtree(words[words.index("-o") + 1], ignore_errors=True)
        Path(words[words.index("-o") + 1]).unlink(missing_ok=True)
    result = CliRunner().invoke(main, words[1:])
    assert result.exit_code == 0, f"{shlex.join(words)}\n{result.output}"
