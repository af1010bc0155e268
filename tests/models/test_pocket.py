from typing import NamedTuple

import pytest
import torch

from napari_sam.models.pocket import (
    BOTTOM_RIGHT,
    NEGATIVE,
    PADDING,
    POSITIVE,
    TOP_LEFT,
    Features,
    LocalMaps,
    Pocket,
    PocketConfig,
    PocketPrompts,
    WindowDecoder,
    fused,
    prompt_maps,
    working_scale,
)
from napari_sam.models.pocket.cell_window import CellWindow


@pytest.fixture(scope="module")
def model():
    """Small, with random weights that let every part be contexts."""
    torch.manual_seed(0)
    model = Pocket(PocketConfig.tiny()).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model


@pytest.fixture(scope="module")
def features(model):
    with torch.inference_mode():
        return model.encoder(torch.rand(1, 3, 192, 256))


POCKET = "napari_sam.models.pocket.window_decoder"
CONTEXT = "napari_sam.models.pocket.context_window.CONTEXT"


def click(*places, kinds):
    return torch.tensor([places]), torch.tensor([kinds])


def test_it_is_small_enough_to_ship():
    parameters = sum(p.numel() for p in Pocket().parameters())
    assert parameters <= 5_000_000


def test_features_come_at_four_strides(features):
    assert [f.shape[2:] for f in features] == [
        (12, 16),
        (24, 32),
        (48, 64),
        (96, 128),
    ]


@pytest.mark.parametrize(
    ("shape", "scale"),
    [((100, 100), 2.0), ((256, 512), 2.0), ((600, 700), 1024 / 700), ((2048, 1), 0.5)],
)
def test_small_views_are_enlarged_at_most_twice(shape, scale):
    assert working_scale(shape) == scale


def test_folding_the_norms_changes_nothing(model):
    x = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        for one, other in zip(model.encoder(x), fused(model).encoder(x), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "previous", [None, -10.0, "random"], ids=["first", "blank", "refined"]
)
@pytest.mark.parametrize(
    ("places", "kinds"),
    [
        ([[100.0, 90.0]], [POSITIVE]),
        ([[3.0, 2.0], [250.0, 188.0]], [POSITIVE, NEGATIVE]),
        ([[40.0, 30.0], [90.0, 60.0]], [TOP_LEFT, BOTTOM_RIGHT]),
    ],
)
def test_drawing_in_a_window_equals_drawing_everywhere(
    model, features, monkeypatch, places, kinds, previous
):
    """Only the window differs; in it, the answer is that of `decode`."""
    monkeypatch.setattr("napari_sam.models.pocket.cell_window.POSSIBLE", 1e9)
    xy, kinds = click(*places, kinds=kinds)
    if previous == "random":
        previous = torch.full((1, 48, 64), -10.0)
        previous[:, 20:30, 15:40] = torch.randn(1, 10, 25)
    elif previous is not None:
        previous = torch.full((1, 48, 64), previous)
    maps = prompt_maps(xy, kinds, (48, 64), previous=previous)
    with torch.inference_mode():
        whole = model.decode(features, xy, kinds, maps)
    decoder = WindowDecoder(model, windowed(features), multimask_output=True)
    ((logits, scores),) = decoder.predict([PocketPrompts(xy, kinds, None, previous)])
    order = whole.scores[0].argsort(descending=True)[:3]
    drawn = logits != -10
    assert drawn.any()
    assert not drawn.all() or len(places) > 1
    torch.testing.assert_close(
        logits[drawn], whole.logits[0][order][drawn], rtol=1e-4, atol=1e-4
    )
    torch.testing.assert_close(scores, whole.scores[0][order], rtol=1e-4, atol=1e-4)


class Whole(NamedTuple):
    """A feature map of which all is there."""

    array: torch.Tensor

    @property
    def shape(self):
        return self.array.shape

    def window(self, rows, cols):
        return self.array[:, rows, cols]


def windowed(features):
    return [Whole(f[0]) for f in features]


def _clicked(model, features, col=100.0):
    xy, kinds = click([col, 90.0], kinds=[POSITIVE])
    decoder = WindowDecoder(model, windowed(features), multimask_output=True)
    return decoder.predict([PocketPrompts(xy, kinds)])[0]


def test_what_is_outside_the_context_changes_nothing(model, features, monkeypatch):
    monkeypatch.setattr(CONTEXT, 3)
    monkeypatch.setattr(f"{POCKET}.reaches_edge", lambda *_: False)
    far = Features(*(f.clone() for f in features))
    for f, times in zip(far, (1, 2, 4, 8), strict=True):
        f[..., 10 * times :] = 0  # the click is in cell 6
    near = Features(*(f.clone() for f in far))
    near.s16[..., 9] = 0
    logits, scores = _clicked(model, features)
    assert all(map(torch.equal, _clicked(model, far), (logits, scores)))
    assert not torch.equal(_clicked(model, near)[1], scores)


def test_an_answer_moves_with_what_is_seen(model, features, monkeypatch):
    """Tiles cut elsewhere see the same around a prompt, and answer the same."""
    monkeypatch.setattr(CONTEXT, 2)
    monkeypatch.setattr(f"{POCKET}.reaches_edge", lambda *_: False)
    moved = Features(
        *(f[..., 2 * k :] for f, k in zip(features, (1, 2, 4, 8), strict=True))
    )
    logits, scores = _clicked(model, features)
    there, same = _clicked(model, moved, 100.0 - 2 * 16)
    assert (there != -10).any()
    torch.testing.assert_close(there, logits[..., 2 * 8 :], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(same, scores, rtol=1e-4, atol=1e-4)


def test_the_context_grows_while_a_mask_reaches_its_edge(model, features, monkeypatch):
    def drawn(mask):
        def predict(self, windows, inputs):
            (window,) = windows
            sides = window.bottom - window.top, window.right - window.left
            contexts.append(sides)
            return [(mask(*(8 * n for n in sides)), torch.ones(1), window)]

        contexts = []
        monkeypatch.setattr(WindowDecoder, "_predict_in_contexts", predict)
        _clicked(model, features)
        return contexts

    monkeypatch.setattr(CONTEXT, 2)
    assert drawn(lambda *s: torch.zeros(1, *s)) == [(8, 8)]
    assert drawn(lambda *s: torch.ones(1, *s)) == [(8, 8), (12, 12), (12, 16)]


def test_an_approximate_mask_is_decoded_in_a_narrower_context(
    model, features, monkeypatch
):
    def predict(self, windows, inputs):
        contexts.append((windows[0].right - windows[0].left, inputs.halo))
        return [(torch.zeros(1, 8, 8), torch.ones(1), CellWindow(0, 0, 1, 1))]

    contexts = []
    monkeypatch.setattr(WindowDecoder, "_predict_in_contexts", predict)
    monkeypatch.setattr("napari_sam.models.pocket.context_window.NEAR", 1)
    monkeypatch.setattr(CONTEXT, 3)
    prior = -torch.ones(1, 48, 64)
    prior[:, 16:24, 40:44] = 1
    xy, kinds = click([42.5 * 4, 20 * 4.0], kinds=[POSITIVE])
    one = PocketPrompts(xy, kinds, prior)
    decoder = WindowDecoder(model, windowed(features), multimask_output=False)
    decoder.predict([one, one._replace(approximate=True)])
    assert contexts == [(8, 3), (4, 0)]


def test_padding_tokens_change_nothing(model, features):
    """A prompt answers alike with and without padding beside it in its batch."""
    xy, kinds = click([100.0, 90.0], kinds=[POSITIVE])
    padded_xy, padded = click([100.0, 90.0], [0.0, 0.0], kinds=[POSITIVE, PADDING])
    maps = prompt_maps(xy, kinds, (48, 64))
    with torch.inference_mode():
        one = model.decode(features, xy, kinds, maps)
        other = model.decode(features, padded_xy, padded, maps)
    torch.testing.assert_close(one.logits, other.logits, rtol=1e-4, atol=1e-4)


def test_the_label_of_a_point_matters(model, features):
    answers = []
    for kind in (POSITIVE, NEGATIVE):
        xy, kinds = click([100.0, 90.0], kinds=[kind])
        maps = prompt_maps(xy, kinds, (48, 64))
        with torch.inference_mode():
            answers.append(model.decode(features, xy, kinds, maps).logits)
    assert (answers[0] - answers[1]).abs().max() > 1e-4


def test_maps_show_each_kind_of_prompt():
    xy, kinds = click(
        [20.0, 40.0], [60.0, 40.0], [80.0, 8.0], [120.0, 24.0],
        kinds=[POSITIVE, NEGATIVE, TOP_LEFT, BOTTOM_RIGHT],
    )  # fmt: skip
    prior = torch.zeros(1, 16, 32)
    prior[0, 12, 3], prior[0, 13, 4] = 1, -1
    maps = prompt_maps(xy, kinds, (16, 32), prior)[0]
    assert maps[0, 10, 5] == 1
    assert maps[0, 12, 3] == 1
    assert maps[1, 10, 15] == 1
    assert maps[1, 13, 4] == 1
    assert maps[2].nonzero().min(0).values.tolist() == [2, 20]
    assert maps[2].nonzero().max(0).values.tolist() == [5, 29]
    assert (maps[3] == 0).all()


def test_gradients_reach_every_parameter(model):
    model = Pocket(PocketConfig.tiny()).train()
    features = model.encoder(torch.rand(2, 3, 64, 64))
    xy = torch.rand(2, 3, 2) * 64
    kinds = torch.tensor([[POSITIVE, NEGATIVE, PADDING], [TOP_LEFT, BOTTOM_RIGHT, 1]])
    maps = prompt_maps(xy, kinds, (16, 16), previous=torch.randn(2, 16, 16))
    answer = model.decode(Features(*features), xy, kinds, maps)
    sum(part.square().sum() for part in answer).backward()
    silent = [n for n, p in model.named_parameters() if p.grad is None]
    # a key's bias shifts all scores of a softmax alike, so it is never computed
    assert [n for n in silent if not n.endswith("k_proj.bias")] == []


def test_a_mask_prompt_is_seen_around_its_mask_and_not_over_the_tile():
    prior = -torch.ones(1, 48, 64)
    prior[:, 16:24, 40:44] = 1
    xy, kinds = click([42.5 * 4, 20 * 4.0], kinds=[POSITIVE])
    assert PocketPrompts(xy, kinds, prior).window((12, 16)) == (4, 10, 6, 11)


@pytest.mark.parametrize(
    ("cells", "top", "left"), [((16, 16), 20, 22), ((16, 20), 0, 0), ((12, 16), 38, 50)]
)
def test_maps_computed_around_a_mask_are_those_of_the_whole_grid(
    model, cells, top, left
):
    grid = 4 * cells[0], 4 * cells[1]
    prior = -torch.ones(2, *grid)
    prior[0, top : top + 10, left : left + 14] = 1
    prior[1, 8:11, 5:9], prior[1, :, -3:] = 1, 0
    xy = torch.tensor([[[4.0 * left + 20, 4.0 * top + 20]], [[28.0, 36.0]]])
    some = PocketPrompts(xy, torch.full((2, 1), POSITIVE), prior, approximate=True)
    maps = LocalMaps(model.prompts)
    with torch.inference_mode():
        for one in (some, some):
            for local, whole in zip(
                maps.features(one, cells), model.prompts(one.maps(cells)), strict=True
            ):
                torch.testing.assert_close(local, whole, rtol=1e-5, atol=1e-5)
