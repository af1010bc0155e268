"""Runs: they learn, they resume, and they are the same in one process or in two."""

import json
import math
import signal
import subprocess
import sys
from dataclasses import asdict
from functools import partial

import pytest
import torch
from safetensors.torch import load_file

from napari_sam.core.errors import TrainingError
from napari_sam.models.state_dict import guess_config
from napari_sam.training.example_sources import SyntheticSource
from napari_sam.training.loop import Trainer, TrainingReport
from napari_sam.training.trainable import merged, set_trainable
from napari_sam.training.training_run import iter_train

DRAWN = [(1.0, SyntheticSource())]


def equal(one, other):
    for (name, a), b in zip(
        one.state_dict().items(), other.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=0, atol=0, msg=name)


@pytest.mark.parametrize("name", ["pocket", "vit_b"])
def test_a_resumed_run_ends_with_the_same_weights(tmp_path, small, learner, name):
    recipe = small(name, drop_path=0.1 * (name == "vit_b"))
    whole = Trainer(recipe, DRAWN, learner(name, drop_path=0.1))
    for _ in whole.run():
        pass
    half = Trainer(recipe, DRAWN, learner(name, drop_path=0.1))
    for report in half.run():
        if report.step == 5:
            break
    half.save(tmp_path / "state", {"best": 0.5})
    rest = Trainer(recipe, DRAWN, learner(name, seed=9, drop_path=0.1))
    assert rest.load(tmp_path / "state") == {"best": 0.5}
    assert rest.step == 5
    for _ in rest.run():
        pass
    equal(whole.mean, rest.mean)


def test_a_short_run_improves_and_resumes_exactly(tmp_path, small, learner):
    """The whole room at once: the figure rises, and a break changes nothing."""
    recipe = small(steps=60, images=4, objects=4, large_share=0.0, warmup=10)

    def train(output, stop=None):
        reports = []
        work = iter_train(
            recipe, learner(), DRAWN, output, validation=DRAWN, measure_every=30
        )
        for report in work:
            reports.append(report)
            if report.step == stop:
                work.close()
                break
        return [r for r in reports if math.isnan(r.loss)]

    whole = train(tmp_path / "whole.safetensors")
    assert [r.step for r in whole] == [0, 30, 60]
    assert whole[-1].first > whole[0].first + 0.1
    assert whole[-1].last > whole[0].last + 0.15
    begun = train(tmp_path / "cut.safetensors", stop=20)
    rest = train(tmp_path / "cut.safetensors")
    assert [r[3:] for r in begun + rest] == [r[3:] for r in whole]
    one, other = (
        torch.load(tmp_path / f"{n}.safetensors.training", weights_only=True)
        for n in ("whole", "cut")
    )
    for name, value in one["mean"].items():
        assert torch.equal(value, other["mean"][name]), name


def test_gradients_do_not_depend_on_how_prompts_are_parted(small, learner):
    """Features are leaves between rounds: exact, whatever is decoded at once."""
    found = []
    for at_once in (1, 3, 64):
        recipe = small("vit_b", objects=4, at_once=at_once)
        trainer = Trainer(recipe, DRAWN, learner("vit_b"))
        report = next(trainer.run())
        grads = [
            p.grad.clone() for p in trainer.model.parameters() if p.grad is not None
        ]
        found.append((report.loss, grads))
    for loss, grads in found[1:]:
        assert loss == pytest.approx(found[0][0], rel=1e-5)
        for one, other in zip(found[0][1], grads, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def test_checkpointing_changes_no_gradient(small, learner):
    found = []
    for checkpointing in (False, True):
        student = learner("vit_b", checkpointing=checkpointing)
        trainer = Trainer(small("vit_b"), DRAWN, student)
        found.append((next(trainer.run()).loss, trainer.model))
    assert found[0][0] == found[1][0]
    for one, other in zip(
        found[0][1].parameters(), found[1][1].parameters(), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_layers_learn_at_their_own_rates(small, learner):
    student = learner("vit_b")
    trainer = Trainer(small("vit_b", layer_decay=0.5), DRAWN, student)
    scales = {g["scale"] for g in trainer.optimizer.param_groups}
    assert scales == {0.125, 0.25, 0.5, 1.0}
    names = {id(p): n for n, p in student.model.named_parameters()}
    for group in trainer.optimizer.param_groups:
        for p in group["params"]:
            name = names[id(p)]
            expected = {
                "image_encoder.p": 0.125,
                "image_encoder.blocks.0": 0.25,
                "image_encoder.blocks.1": 0.5,
            }
            found = [v for k, v in expected.items() if name.startswith(k)] or [1.0]
            assert group["scale"] == found[0], name
            if p.ndim < 2 or "pos" in name.rpartition(".")[2]:
                assert group["weight_decay"] == 0, name
            else:
                assert group["weight_decay"] == 0.1, name


@pytest.mark.parametrize("parts", ["decoder", "encoder", "adapters", "all"])
def test_only_the_chosen_parts_learn(small, learner, parts):
    student = learner("vit_b")
    before = {k: v.clone() for k, v in student.model.state_dict().items()}
    set_trainable(student, parts, rank=2)
    trainer = Trainer(small("vit_b", steps=3, warmup=1), DRAWN, student)
    for _ in trainer.run():
        pass
    after = merged(trainer.mean).state_dict()
    assert after.keys() == before.keys()
    changed = {k for k in before if not torch.equal(before[k], after[k])}
    touched = {k.split(".")[0] for k in changed}
    assert (
        touched
        == {
            "decoder": {"mask_decoder"},
            "encoder": {"image_encoder"},
            "adapters": {"mask_decoder", "image_encoder"},
            "all": {"mask_decoder", "image_encoder", "prompt_encoder"},
        }[parts]
    )
    if parts == "adapters":
        inside = {k for k in changed if k.startswith("image_encoder")}
        assert inside == {
            f"image_encoder.blocks.{i}.attn.{m}.weight"
            for i in (0, 1)
            for m in ("qkv", "proj")
        }


def test_pocket_has_nothing_to_adapt(learner):
    with pytest.raises(TrainingError, match="no attention"):
        set_trainable(learner(), "adapters")


def test_other_settings_do_not_go_on_from_a_run(tmp_path, small, learner):
    output = tmp_path / "mine.safetensors"
    for _ in iter_train(small(steps=2), learner(), DRAWN, output):
        pass
    with pytest.raises(TrainingError, match=r"recipe differ"):
        next(iter_train(small(steps=3), learner(), DRAWN, output))


def test_a_state_of_before_its_metadata_was_renamed_is_resumed(
    tmp_path, small, learner
):
    output = tmp_path / "mine.safetensors"
    for _ in iter_train(small(steps=2), learner(), DRAWN, output):
        pass
    path = output.with_name("mine.safetensors.training")
    state = torch.load(path, weights_only=True)
    state["notes"]["told"] = state["notes"].pop("provenance")
    torch.save(state, path)
    assert list(iter_train(small(steps=2), learner(), DRAWN, output)) == []
    with pytest.raises(TrainingError, match=r"recipe differ"):
        next(iter_train(small(steps=3), learner(), DRAWN, output))


@pytest.fixture
def falls(monkeypatch):
    """Each measurement is worse than the one before; returns the steps of them."""
    steps = []

    def measure(self, _):
        steps.append(self.step)
        return TrainingReport(
            self.step, self.recipe.steps, math.nan, 0.5 - self.step / 100, 0.5
        )

    monkeypatch.setattr(Trainer, "measure", measure)
    return steps


def test_a_run_ends_when_nothing_rises(tmp_path, small, learner, falls):
    output = tmp_path / "mine.safetensors"
    options = {"validation": DRAWN, "measure_every": 2, "patience": 2}
    run = partial(iter_train, small(steps=12), learner(), DRAWN, output, **options)
    assert list(run())[-1].step == 4
    assert falls == [0, 2, 4]
    assert list(run()) == []  # and does not go on when it is called again


def test_weights_that_are_no_better_are_not_kept(tmp_path, small, learner, falls):
    output, begun = tmp_path / "mine.safetensors", learner()
    first = {k: v.clone() for k, v in begun.model.state_dict().items()}
    for _ in iter_train(small(steps=3), begun, DRAWN, output, validation=DRAWN):
        pass
    kept = load_file(output)
    assert falls == [0, 3]
    assert all(torch.equal(kept[k].float(), v.half().float()) for k, v in first.items())
    assert not torch.equal(
        begun.model.state_dict()["decoder.iou_token.weight"],
        first["decoder.iou_token.weight"],
    )


def test_lost_weights_are_not_kept(tmp_path, small, learner):
    output = tmp_path / "mine.safetensors"
    recipe = small("vit_b", steps=40, rate=1e30, warmup=0, clip=0.0)
    with pytest.raises(TrainingError, match="smaller rate"):
        for _ in iter_train(recipe, learner("vit_b"), DRAWN, output, save_every=1000):
            pass
    assert not output.exists()
    assert not output.with_name("mine.safetensors.training").exists()


RUN = """
import json, sys
from dataclasses import replace
from pathlib import Path
import torch
torch.set_num_threads(1)
from napari_sam.models.config import SamConfig, VitConfig
from napari_sam.models.pocket import Pocket, PocketConfig
from napari_sam.models.sam import Sam
from napari_sam.training.pocket_learner import PocketLearner
from napari_sam.training.distributed import process_rank
from napari_sam.training.recipe import Recipe
from napari_sam.training.training_run import iter_train
from napari_sam.training.sam_learner import SamLearner
from napari_sam.training.example_sources import SyntheticSource
told = json.loads(sys.argv[1])
torch.manual_seed(0)
if told["name"] == "pocket":
    student = PocketLearner(Pocket(PocketConfig.tiny()))
else:
    config = SamConfig(VitConfig(24, 2, 3, (1,), window_size=3), image_size=64,
        prompt_dim=32, decoder_heads=4, decoder_mlp_dim=48, iou_head_dim=32)
    student = SamLearner(Sam(config), "sam")
recipe = told["recipe"]
recipe["drops"] = tuple(recipe["drops"])
source = [(1.0, SyntheticSource())]
for report in iter_train(Recipe(**recipe), student, source, Path(told["output"]),
                         save_every=told["save_every"]):
    with open(told["output"] + f".{process_rank().rank}", "a") as said:
        said.write(f"{report.step} {report.loss!r}\\n")
    print(report.step, flush=True)
"""


def start(tmp_path, launcher=(), **told):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    command = [sys.executable, *launcher, str(script), json.dumps(told)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_reach_the_loss_of_one(tmp_path, small):
    recipe = small("vit_b", steps=4, images=2)
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two = start(
        tmp_path, launcher, name="vit_b", recipe=asdict(recipe), save_every=100,
        output=str(tmp_path / "two.safetensors"),
    )  # fmt: skip
    two.communicate()
    assert two.returncode == 0
    one = start(
        tmp_path, name="vit_b", recipe=asdict(small("vit_b", steps=4, images=4)),
        output=str(tmp_path / "one.safetensors"), save_every=100,
    )  # fmt: skip
    one.communicate()
    alone, *shared = (
        [line.split() for line in (tmp_path / name).read_text().splitlines()]
        for name in ("one.safetensors.0", "two.safetensors.0", "two.safetensors.1")
    )
    for mine in shared:
        assert [step for step, _ in mine] == ["1", "2", "3", "4"]
        for (_, loss), (_, other) in zip(mine, alone, strict=True):
            assert float(loss) == pytest.approx(float(other), rel=1e-4)


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, small):
    """Kill -9 between two savings: the run goes on from the first of them."""
    told = {"name": "pocket", "recipe": asdict(small(steps=9)), "save_every": 3}
    whole = tmp_path / "whole.safetensors"
    assert start(tmp_path, output=str(whole), **told).wait() == 0
    output = tmp_path / "killed.safetensors"
    run = start(tmp_path, output=str(output), **told)
    for line in run.stdout:
        if line.strip() == "5":
            break
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not output.exists()
    last = start(tmp_path, output=str(output), **told)
    assert last.communicate()[0].split()[0] in ("4", "7")
    one, other = load_file(whole), load_file(output)
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def test_the_file_says_how_it_was_made_and_opens(tmp_path, small, learner, monkeypatch):
    from safetensors import safe_open

    from napari_sam.backends.sam import read_state

    output = tmp_path / "mine.safetensors"
    notes = {"data": "mine"}
    figures = iter([0.2, 0.3])

    def measure(self, _):
        reached = next(figures)
        return TrainingReport(self.step, 2, math.nan, reached, reached)

    monkeypatch.setattr(Trainer, "measure", measure)
    for _ in iter_train(
        small("vit_b", steps=2), learner("vit_b"), DRAWN, output,
        validation=DRAWN, notes=notes,
    ):  # fmt: skip
        pass
    with safe_open(output, "pt") as file:
        told = file.metadata()
    assert told["architecture"] == "sam"
    assert told["data"] == "mine"
    assert told["steps"] == "2"
    assert json.loads(told["recipe"])["seed"] == 3
    assert json.loads(told["validation_iou"])["last"] == 0.3
    assert guess_config(read_state(output)).image_size == 64
