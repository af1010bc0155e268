"""A checkpoint of your own gets a name, and every `model=` and `--model` takes it."""

import torch
from skimage import data

import napari_sam as sam
from napari_sam import checkpoints
from napari_sam.models.config import SamConfig
from napari_sam.models.sam import Sam

# Yours comes from a training program. This one is MobileSAM with random weights, in
# the wrapper that such programs write: it opens, and it knows nothing.
torch.manual_seed(0)
state = {f"module.{k}": v for k, v in Sam(SamConfig.vit_t()).state_dict().items()}
torch.save({"model": state, "epoch": 3}, "mine.pt")

# It is named once; `napari-sam models add mine.pt --name NAME` does the same.
name = "random-example"
checkpoints.add("mine.pt", name, note="random, to see how it is done")
(entry,) = [model for model in checkpoints.models() if model.name == name]
print(entry.name, "|", entry.good_for, "|", checkpoints.path(name).name)

mine = sam.load_backend(name)
print(mine.fingerprint)
found = sam.segment(data.coins(), sam.Prompts.point(125, 102), model=name)
print("score of a model that knows nothing:", round(found.score, 2))

checkpoints.remove(name)
print("still there:", name in {model.name for model in checkpoints.models()})
