"""The setting of torch we borrow is always given back."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
import torch

from napari_sam.models import precision
from napari_sam.models.precision import fast_float32, prefers_bfloat16

pytestmark = pytest.mark.skipif(
    not hasattr(torch.backends.mkldnn, "matmul"), reason="an older torch"
)


def setting() -> str:
    return torch.backends.mkldnn.matmul.fp32_precision


def test_the_setting_is_restored_also_after_an_error() -> None:
    before = setting()
    with fast_float32(enabled=True):
        assert setting() == "bf16"
    assert setting() == before
    with pytest.raises(KeyError), fast_float32(enabled=True):
        raise KeyError
    assert setting() == before


def test_nested_and_parallel_uses_restore_the_setting_once() -> None:
    before, both = setting(), Barrier(2)
    seen: list[str] = []

    def use() -> None:
        with fast_float32(enabled=True), fast_float32(enabled=True):
            both.wait(timeout=10)
        # the other one may still be inside
        both.wait(timeout=10)
        seen.append(setting())

    threads = [Thread(target=use) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [before, before]


def test_products_stay_float32_where_there_is_no_amx() -> None:
    if torch.cpu._is_amx_tile_supported():
        pytest.skip("this processor would compute in bfloat16")
    a, b = torch.randn(2, 300, 300, generator=torch.Generator().manual_seed(0))
    with fast_float32(enabled=True):
        routed = a @ b
    torch.testing.assert_close(
        routed.double(), a.double() @ b.double(), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize(
    ("amd", "features", "onednn", "bfloat16"),
    [
        (True, {"avx512_bf16"}, True, True),
        (True, set(), True, False),
        (False, {"avx512_bf16"}, False, False),
        (False, {"avx512_bf16", "amx_tile"}, False, True),
    ],
    ids=["AMD Zen 4", "AMD Zen 2", "Intel without AMX", "Intel with AMX"],
)
def test_the_choice_follows_the_processor(
    monkeypatch: pytest.MonkeyPatch,
    amd: bool,
    features: set[str],
    onednn: bool,
    bfloat16: bool,
) -> None:
    monkeypatch.setattr(precision, "_is_amd", lambda: amd)
    monkeypatch.setattr(precision, "_cpu_has", features.__contains__)
    assert precision.prefers_onednn() == onednn
    assert prefers_bfloat16("cpu") == bfloat16
    assert not prefers_bfloat16("mps")


@pytest.mark.parametrize("able", [True, False])
def test_a_gpu_computes_in_bfloat16_if_it_has_it(
    monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(
        torch.cuda,
        "is_bf16_supported",
        lambda including_emulation: asked.append(including_emulation) or able,
    )
    assert prefers_bfloat16("cuda") == able
    assert asked == [False], "what is emulated is slow"
