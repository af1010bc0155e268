import pytest

from napari_sam.core.progress import Progress, drain


def count(log):
    try:
        for i in range(3):
            yield Progress(i + 1, 3)
    finally:
        log.append("closed")
    return "result"


def test_draining_reports_each_step_and_returns_the_result():
    log, steps = [], []
    assert drain(count(log), steps.append) == "result"
    assert [s.done for s in steps] == [1, 2, 3]
    assert log == ["closed"]


def test_closing_cancels():
    log = []
    work = count(log)
    next(work)
    work.close()
    assert log == ["closed"]
    with pytest.raises(StopIteration):
        next(work)
