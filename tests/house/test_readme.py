"""What README shows a person to type works as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MAIN = "from napari_sam.apps.cli import main; main()"


def blocks(text: str) -> list[tuple[str, str]]:
    return [match.groups() for match in BLOCK.finditer(text)]


def commands(block: str) -> list[list[str]]:
    lines = block.replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def run(words: list[str]) -> None:
    assert words[0] == "napari-sam", words
    command = [sys.executable, "-c", MAIN, *words[1:]]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, f"{shlex.join(words)}\n{result.stderr}"


def test_every_block_runs_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    readme = blocks((ROOT / "README.md").read_text())
    assert {language for language, _ in readme} >= {"python", "bash"}
    namespace: dict[str, object] = {}
    for language, block in readme:
        if language == "python":
            exec(compile(block, "README.md", "exec"), namespace)
        elif block.startswith("napari-sam "):
            for words in commands(block):
                run(words)


def test_the_two_commands_exist():
    shown = re.findall(r"^\./(scripts/\w+\.sh)", (ROOT / "README.md").read_text(), re.M)
    assert shown == ["scripts/demo.sh", "scripts/test.sh"]
    for script in shown:
        assert (ROOT / script).stat().st_mode & 0o111


PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page):
    prose = BLOCK.sub("", page.read_text())
    for target in re.findall(r"\]\(([^)#\s]+)", prose):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target
