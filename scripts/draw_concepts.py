"""Draw the pictures of docs/concepts.md, from what a model really does.

python scripts/draw_concepts.py [FOLDER]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw
from skimage import data

import napari_sam as sam
from napari_sam.io.pictures import compose, draw_overlay
from napari_sam.session import actions
from napari_sam.synthetic import draw_scene, draw_timelapse

if TYPE_CHECKING:
    from napari_sam.core.protocols import Backend

FOLDER = Path(__file__).parents[1] / "docs" / "images" / "concepts"
#: Rows of a picture.
HEIGHT = 240
#: What is shown of the coins.
WINDOW = (slice(0, 160), slice(80, 240))


def rgb(plane: np.ndarray) -> np.ndarray:
    """Return a plane as a picture."""
    low, high = np.percentile(plane, (0.5, 99.8))
    scaled = ((plane.astype(float) - low) / max(high - low, 1)).clip(0, 1)
    return np.repeat((scaled * 255).astype(np.uint8)[..., None], 3, axis=2)


def shown(labels: np.ndarray, prompts: sam.Prompts | None = None) -> np.ndarray:
    """Return a part of the coins, with outlines and prompts."""
    dots = None if prompts is None else {1: moved(prompts)}
    picture = rgb(data.coins())[WINDOW]
    return draw_overlay(picture, labels[WINDOW].astype(int), dots, height=HEIGHT)


def moved(prompts: sam.Prompts) -> sam.Prompts:
    """Return prompts in pixels of what is shown."""
    left = WINDOW[1].start
    result = sam.Prompts()
    for item in prompts.items:
        match item:
            case sam.core.prompts.Point(row, col, positive):
                result = result.point(row, col - left, positive=positive)
            case sam.core.prompts.Box(top, first, bottom, right):
                result = result.rectangle(top, first - left, bottom, right - left)
            case sam.core.prompts.Scribble(path, _):
                result = result.scribble([(r, c - left) for r, c in path])
    return result


#: A click that leaves open what is meant.
EDGE = sam.Prompts.point(30, 105)


def of_prompts(model: Backend) -> np.ndarray:
    """Return one coin by four kinds of prompts."""
    image = sam.PromptableImage(data.coins(), model)
    said = {
        "a point, at the edge": EDGE,
        "and one beside it": EDGE.point(18, 105, positive=False),
        "a box": sam.Prompts.rectangle(28, 131, 74, 179),
        "a scribble": sam.Prompts.scribble([(45, 208), (52, 222)]),
    }
    masks = image.segment_many(list(said.values()))
    return compose(
        [
            (shown(mask.full((303, 384)), prompts), caption)
            for (caption, prompts), mask in zip(said.items(), masks, strict=True)
        ]
    )


def of_embeddings(model: Backend) -> np.ndarray:
    """Return an image, what a model has computed of it, and two masks of that."""
    image = sam.PromptableImage(data.coins(), model)
    (tile,) = image.tiles
    features = max(
        (a for a in image.embedding(0, tile).values() if a.ndim == 3),
        key=lambda array: array.shape[0],
    )
    _, rows, cols = features.shape
    vectors = features.reshape(len(features), -1).T.astype(float)
    vectors -= vectors.mean(0)
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    colours = (vectors @ axes[:3].T).reshape(rows, cols, 3)
    low, high = np.percentile(colours, (1, 99), axis=(0, 1))
    colours = ((colours - low) / (high - low)).clip(0, 1) * 255
    size = round(384 * HEIGHT / 303), HEIGHT
    seen = Image.fromarray(colours.astype(np.uint8)).resize(size, 0)
    whole = draw_overlay(rgb(data.coins()), np.zeros((303, 384), int), height=HEIGHT)
    clicks = {n: sam.Prompts.point(*at) for n, at in enumerate(CLICKS, start=1)}
    found = image.segment_many(list(clicks.values()))
    labels = np.zeros((303, 384), int)
    for number, mask in zip(clicks, found, strict=True):
        labels[mask.full(labels.shape)] = number
    masks = draw_overlay(rgb(data.coins()), labels, clicks, height=HEIGHT)
    return compose(
        [
            (whole, "encoded once"),
            (np.asarray(seen), "the embedding, in three colours"),
            (masks, "decoded for each click"),
        ]
    )


#: Coins that are clicked at.
CLICKS = [(45, 101), (125, 270), (125, 45), (196, 270)]


def of_tiles() -> np.ndarray:
    """Return a plane with its tiles, and the tile of a click."""
    scene = draw_scene(7, size=512, kind="phase")
    picture = draw_overlay(scene.image, np.zeros((512, 512), int), height=420)
    canvas = Image.fromarray(picture)
    pen, scale = ImageDraw.Draw(canvas), 420 / 512
    tiling = sam.Tiling((128, 128), (32, 32))
    click = (290, 330)
    for line in range(128, 512, 128):
        at = line * scale
        pen.line([(at, 0), (at, 420)], fill="white", width=1)
        pen.line([(0, at), (420, at)], fill="white", width=1)
    region = tiling.tiles((512, 512)).nearest(*click).region((512, 512))
    corners = [region.left, region.top, region.right, region.bottom]
    pen.rectangle([n * scale for n in corners], outline="#56b4e9", width=4)
    row, col = (n * scale for n in click)
    pen.ellipse([col - 7, row - 7, col + 7, row + 7], fill="#3ac863", outline="white")
    part = np.asarray(Image.fromarray(scene.image[region.slices]).resize((420, 420)))
    return compose(
        [
            (np.asarray(canvas), "where tiles begin, and one tile"),
            (part, "what the model sees for this click"),
        ]
    )


def of_sessions(model: Backend) -> np.ndarray:
    """Return steps of a session."""
    session = sam.AnnotationSession(sam.PromptableImage(data.coins(), model))
    session.add_point(120, 105)
    preview = session.predict().full((303, 384))
    panels = [(shown(preview, sam.Prompts.point(120, 105)), "a preview")]
    session.commit()
    panels.append((shown(session.labels), "committed"))
    session.execute(actions.Resize(sam.Address(0, 1), 4))
    panels.append((shown(session.labels), "grown"))
    session.undo()
    panels.append((shown(session.labels), "undone"))
    return compose(panels)


def of_tracks(model: Backend) -> np.ndarray:
    """Return frames of a movie that a cell divides in."""
    movie = draw_timelapse(seed=3, frames=10, size=160, cells=4)
    tracks = sam.propagate(movie.image, {0: movie.labels[0]}, axes="tyx", model=model)
    return compose(
        [
            (draw_overlay(rgb(movie.image[t]), tracks.labels[t].astype(int),
                          height=HEIGHT), said)
            for t, said in ((0, "prompted"), (3, "propagated"), (6, "propagated"))
        ]
    )  # fmt: skip


def main(folder: Path) -> None:
    """Draw all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    model = sam.load_backend("pocket")
    pictures = {
        "prompts": of_prompts(model),
        "embeddings": of_embeddings(model),
        "tiles": of_tiles(),
        "sessions": of_sessions(model),
        "tracks": of_tracks(model),
    }
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{name}.webp", quality=85, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
