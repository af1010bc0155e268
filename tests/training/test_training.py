import numpy as np
import pytest
import torch

from napari_sam.backends.pocket import PocketBackend
from napari_sam.core.errors import CheckpointError, ImageError, MissingFileError
from napari_sam.io import write_labels
from napari_sam.models.pocket import (
    BOTTOM_RIGHT,
    NEGATIVE,
    PADDING,
    POSITIVE,
    TOP_LEFT,
    Decoded,
    Pocket,
    PocketConfig,
)
from napari_sam.training.data import Batches, SyntheticSource, read_folder
from napari_sam.training.export import export
from napari_sam.training.loop import Trainer
from napari_sam.training.losses import click_loss, iou, mask_loss, total_loss
from napari_sam.training.prompts import corrected, simulate
from napari_sam.training.recipe import Recipe
from napari_sam.training.run import iter_train
from napari_sam.training.synthetic import draw_scene

SMALL = Recipe(steps=12, images=2, objects=2, crop=64, warmup=4, seed=3)


def tiny():
    torch.manual_seed(0)
    return Pocket(PocketConfig.tiny())


def trainer(recipe=SMALL):
    return Trainer(recipe, [(1.0, SyntheticSource())], model=tiny())


@pytest.mark.parametrize("seed", range(6))
def test_a_scene_is_a_function_of_its_seed(seed):
    one, other = draw_scene(seed, size=96), draw_scene(seed, size=96)
    np.testing.assert_array_equal(one.image, other.image)
    np.testing.assert_array_equal(one.labels, other.labels)
    assert one.image.shape == (96, 96, 3)
    assert one.image.dtype == np.uint8
    numbers = np.unique(one.labels)
    assert set(range(1, numbers.max() + 1)) <= set(numbers.tolist())


def test_scenes_differ():
    scenes = [draw_scene(seed, size=64).image for seed in range(8)]
    assert len({s.tobytes() for s in scenes}) == 8


def squares(n=40, size=64):
    masks = np.zeros((n, size, size), bool)
    masks[:, 20:44, 12:50] = True
    return masks


def test_simulated_prompts_are_true_of_their_masks():
    masks = squares()
    said = simulate(np.random.default_rng(0), masks)
    kinds_seen = set(said.kinds.flatten().tolist())
    assert kinds_seen == {NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT, PADDING}
    for xy, kinds, mask in zip(said.xy.numpy(), said.kinds.numpy(), masks, strict=True):
        for (x, y), kind in zip(xy, kinds, strict=True):
            if kind in (POSITIVE, NEGATIVE):
                assert mask[int(y), int(x)] == (kind == POSITIVE)
    alone = (said.kinds == POSITIVE).sum(1).eq(1) & (said.kinds == PADDING).sum(1).eq(3)
    silent = (said.prior == 0).flatten(1).all(1)
    torch.testing.assert_close(said.ambiguous, alone & silent)


def test_a_correction_is_drawn_from_the_error():
    truth = torch.from_numpy(squares(2, 64))
    answer = truth.clone()
    answer[0, 20:32] = False  # something is missing
    answer[1, 50:60, 20:40] = True  # something is too much
    xy, kinds = corrected(
        torch.zeros(2, 1, 2), torch.ones(2, 1), answer ^ truth, truth, 2
    )
    (x, y), (u, v) = (xy[:, 1] / 2).int().tolist()
    assert kinds[:, 1].tolist() == [POSITIVE, NEGATIVE]
    assert truth[0, y, x]
    assert not answer[0, y, x]
    assert answer[1, v, u]
    assert not truth[1, v, u]


def test_nothing_is_said_where_nothing_is_wrong():
    truth = torch.from_numpy(squares(1))
    _, kinds = corrected(
        torch.zeros(1, 1, 2), torch.ones(1, 1), truth & False, truth, 2
    )
    assert kinds[0, 1] == PADDING


def test_a_better_mask_costs_less():
    truth = torch.from_numpy(squares(1)).float()[:, None]
    good, poor = (truth - 0.5) * 20, torch.zeros_like(truth)
    wrong = -good
    costs = [mask_loss(m, truth).item() for m in (good, poor, wrong)]
    assert costs == sorted(costs)
    assert iou(good, truth).item() == 1
    assert iou(wrong, truth).item() == 0


def test_a_mask_that_keeps_to_the_clicks_costs_less():
    logits = torch.full((1, 1, 32, 32), -5.0)
    logits[..., 5:10, 20:25] = 5
    xy = torch.tensor([[[44.0, 14.0], [4.0, 4.0], [0.0, 0.0]]])
    kinds = torch.tensor([[POSITIVE, NEGATIVE, PADDING]])
    assert click_loss(logits, xy, kinds).item() < 0.01
    assert click_loss(-logits, xy, kinds).item() > 4


def test_an_ambiguous_prompt_trains_its_best_candidate_most():
    truth = torch.from_numpy(squares(1)).float()[:, None]
    logits = torch.zeros(1, 4, 64, 64)
    logits[:, 2] = (truth[:, 0] - 0.5) * 4
    logits.requires_grad_()
    answer = Decoded(
        logits,
        torch.zeros(1, 4),
        torch.zeros(1, 4, 16, 16),
        torch.zeros(1, 4, 8, 8),
    )
    said = torch.zeros(1, 1, 2), torch.tensor([[PADDING]])
    loss, _ = total_loss(answer, truth, torch.tensor([True]), *said)
    loss.backward()
    felt = logits.grad.abs().sum((0, 2, 3))
    per_error = felt / (1 - iou(logits, truth)[0] + 0.1)
    assert per_error[2] == max(per_error[1:])


def test_the_rate_rises_then_falls_in_steps():
    recipe = Recipe(steps=1000, warmup=100)
    rates = [recipe.rate_at(s) for s in range(1000)]
    assert rates[0] == pytest.approx(recipe.rate / 100)
    assert rates[99] == rates[600] == recipe.rate
    assert rates[700] == pytest.approx(recipe.rate * recipe.drop)
    assert rates[950] == pytest.approx(recipe.rate * recipe.drop**2)


def test_a_batch_is_a_function_of_seed_and_step():
    batches = Batches([(1.0, SyntheticSource())], SMALL, 0, 5)
    one, other, next_one = batches.batch(2), batches.batch(2), batches.batch(3)
    torch.testing.assert_close(one.images, other.images)
    torch.testing.assert_close(one.prompts.xy, other.prompts.xy)
    assert not torch.equal(one.images, next_one.images)


def test_training_learns():
    """Loss over the last steps of a short run is lower than over the first."""
    recipe = Recipe(
        steps=40, images=4, objects=2, crop=64, warmup=5, rate=3e-3, large_share=0
    )
    losses = [report.loss for report in trainer(recipe).run()]
    assert np.mean(losses[-10:]) < 0.8 * np.mean(losses[:10])


def test_a_resumed_run_ends_with_the_same_weights(tmp_path):
    whole = trainer()
    for _ in whole.run():
        pass
    half = trainer()
    for report in half.run():
        if report.step == 5:
            break
    half.save(tmp_path / "state")
    rest = trainer()
    rest.load(tmp_path / "state")
    assert rest.step == 5
    for _ in rest.run():
        pass
    for (name, one), other in zip(
        whole.mean.state_dict().items(), rest.mean.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=0, msg=name)


@pytest.fixture
def folder(tmp_path):
    """Two labelled images."""
    root = tmp_path / "cells"
    for part in ("images", "labels"):
        (root / part).mkdir(parents=True)
    for seed in (1, 2):
        scene = draw_scene(seed, size=96)
        write_labels(root / "images" / f"{seed}.tif", scene.image[..., 0])
        write_labels(root / "labels" / f"{seed}.tif", scene.labels)
    return root


def test_an_interrupted_run_goes_on_from_its_files(folder, tmp_path):
    output = tmp_path / "mine.safetensors"
    first = iter_train([(1.0, folder)], output, SMALL, synthetic=0, model=tiny())
    next(first)
    next(first)
    first.close()
    assert not output.exists()
    steps = [
        r.step
        for r in iter_train([(1.0, folder)], output, SMALL, synthetic=0, model=tiny())
    ]
    assert steps == list(range(3, 13))
    assert output.exists()


def test_other_settings_do_not_go_on_from_a_run(folder, tmp_path):
    output = tmp_path / "mine.safetensors"
    for _ in iter_train([(1.0, folder)], output, SMALL, synthetic=0, model=tiny()):
        pass
    other = Recipe(steps=99)
    with pytest.raises(CheckpointError, match="other settings"):
        next(iter_train([(1.0, folder)], output, other, synthetic=0, model=tiny()))


def test_labels_of_another_shape_are_refused(folder):
    write_labels(folder / "labels" / "1.tif", np.ones((5, 5), np.uint8))
    with pytest.raises(ImageError, match=r"has the shape \(5, 5\)"):
        read_folder(folder)


def test_an_image_without_labels_is_refused(folder):
    (folder / "labels" / "2.tif").unlink()
    with pytest.raises(MissingFileError, match="has no labels"):
        read_folder(folder)


def test_a_folder_without_objects_is_refused(folder):
    for path in (folder / "labels").iterdir():
        write_labels(path, np.zeros((96, 96), np.uint8))
    with pytest.raises(ImageError, match="no object"):
        read_folder(folder)


def test_a_folder_of_something_else_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="not a folder"):
        read_folder(tmp_path)


def test_exported_weights_are_those_that_were_trained(tmp_path):
    torch.manual_seed(1)
    model = Pocket()
    export(model, tmp_path / "m.safetensors", {"steps": "0"})
    from napari_sam.backends.pocket import open_pocket

    opened = open_pocket(tmp_path / "m.safetensors", device="cpu")
    assert isinstance(opened, PocketBackend)
    name = "decoder.iou_token.weight"
    torch.testing.assert_close(
        opened.model.state_dict()[name], model.state_dict()[name], rtol=1e-3, atol=1e-3
    )
