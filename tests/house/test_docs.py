"""Every command and option is documented, and every page can be reached."""

import pydoc
import re
from pathlib import Path

import click
import pytest

import napari_sam
from napari_sam.apps.cli import main
from napari_sam.core.prompts import json_csv

DOCS = Path(__file__).parents[2] / "docs"
CONTEXT = click.Context(main, info_name="napari-sam")
SECTION = re.compile(r"^## `napari-sam ([\w-]+)`\n(.*?)(?=^## |\Z)", re.M | re.S)


def sections() -> dict[str, str]:
    return dict(SECTION.findall((DOCS / "cli.md").read_text()))


def of_every_command() -> str:
    return (DOCS / "cli.md").read_text().partition("\n## ")[0]


def test_the_page_has_the_commands_that_exist():
    assert sorted(sections()) == sorted(main.list_commands(CONTEXT))


def with_parts(command: click.Command) -> list[click.Command]:
    parts = command.commands.values() if isinstance(command, click.Group) else ()
    return [command, *parts]


@pytest.mark.parametrize("name", main.list_commands(CONTEXT))
def test_a_command_and_its_options_are_explained(name):
    for command in with_parts(main.get_command(CONTEXT, name)):
        assert command.help
        assert command.name in sections()[name]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name
                is_common = parameter.name in ("quiet", "verbose")
                text = of_every_command() if is_common else sections()[name]
                assert f"`{max(parameter.opts, key=len)}" in text


def test_every_page_is_in_the_table_of_contents():
    pages = {str(p.relative_to(DOCS).with_suffix("")) for p in DOCS.rglob("*.md")}
    listed = []
    for page in ("index", "examples"):
        text = (DOCS / f"{page}.md").read_text()
        for tree in re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.M | re.S):
            lines = [line for line in tree.splitlines() if not line.startswith(":")]
            listed += [line for line in lines if line]
    assert sorted(listed) == sorted(pages - {"index"})


def test_every_figure_and_picture_has_its_command():
    page = (DOCS / "figures.md").read_text()
    root = DOCS.parent
    for script in (root / "benchmarks").glob("[a-z]*.py"):
        assert script.name in page, script
    for command in re.findall(r"python (\S+\.py)", page):
        assert (root / command).exists(), command
    for picture in (DOCS / "images").iterdir():
        assert f"`{picture.name}{'/' * picture.is_dir()}`" in page, picture


def test_every_public_name_has_a_place_in_the_reference():
    page = (DOCS / "reference.md").read_text()
    listed = re.findall(r"^\.\. auto\w+:: (\w+)$", page, re.M)
    assert sorted(listed) == sorted(set(napari_sam.__all__) - {"__version__"})


def test_the_prompt_files_of_the_page_are_read():
    page = (DOCS / "conventions.md").read_text()
    [table] = re.findall(r"^```text\n(object,.*?)^```", page, re.M | re.S)
    [record] = re.findall(r"^```json\n(.*?)^```", page, re.M | re.S)
    assert len(json_csv.from_csv(table)) == 2
    [prompts] = json_csv.from_json(record).values()
    assert len(prompts.items) == 5


def test_everything_in_the_reference_is_there():
    text = (DOCS / "reference.md").read_text()
    targets = re.findall(r"auto(?:function|class|exception|module):: (\S+)", text)
    assert len(targets) > 30
    for target in targets:
        full = target if target.startswith("napari_sam.") else f"napari_sam.{target}"
        assert pydoc.locate(full) is not None, target
