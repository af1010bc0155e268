from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from napari_sam.session.persistence import journal_files


def journals(folder, count, *, days):
    paths = [folder / f"{days}-{i}.jsonl" for i in range(count)]
    then = time.time() - days * 24 * 3600
    for path in paths:
        path.write_text("")
        os.utime(path, (then, then))
    return paths


def test_only_old_journals_that_were_offered_go(tmp_path):
    new = journals(tmp_path, 20, days=1)
    old, untold, young = (journals(tmp_path, 2, days=n) for n in (40, 50, 20))
    for path in (*new, *old, *young):
        journal_files.mark_offered(path)
    journal_files.take(old[1])
    journal_files.prune(tmp_path)
    journal_files.release(old[1])
    left = set(tmp_path.glob("*.jsonl"))
    assert left == {*new, *untold, *young, old[1]}
    assert len(list(tmp_path.glob("*.offered"))) == len(left) - len(untold)


def test_the_latest_stay_however_old(tmp_path):
    paths = journals(tmp_path, 20, days=400)
    for path in paths:
        journal_files.mark_offered(path)
    journal_files.prune(tmp_path)
    assert set(tmp_path.glob("*.jsonl")) == set(paths)


def test_a_journal_of_this_process_is_in_use_until_it_is_let_go(tmp_path):
    head, path = journal_files.signature(), tmp_path / "a.jsonl"
    journal_files.take(path)
    assert journal_files.in_use(path, head)
    journal_files.release(path)
    assert not journal_files.in_use(path, head)


@pytest.mark.skipif(os.name == "nt", reason="processes are not looked up on Windows")
def test_a_process_is_known_by_more_than_its_number(tmp_path):
    code = """
from napari_sam.session.persistence import journal_files
print(journal_files.signature()); input()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    head, path = eval(child.stdout.readline()), tmp_path / "a.jsonl"
    assert journal_files.in_use(path, head)
    assert not journal_files.in_use(path, {**head, "host": "elsewhere"})
    assert not journal_files.in_use(path, {**head, "begun": "long ago"})
    child.communicate("\n")
    assert not journal_files.in_use(path, head)
