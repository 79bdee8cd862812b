"""All versions of one reference: pixels and raw labels, finished when its file is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from data_tools.chat import split_of
from data_tools.config import DataConfig
from data_tools.distort.config import DistortConfig
from data_tools.distort.setting import DistortionSetting
from data_tools.masks import Roi
from data_tools.plan import PlannedPhoto
from data_tools.png import decode_png, encode_png
from data_tools.reference.reference import Reference
from data_tools.render import load_labeller, load_ladders
from data_tools.stages import masks_path, reference_path
from data_tools.state import OutputTree, digest, digest_of, read_json
from data_tools.versions.draw import choose_regions, draw_version, render_version
from data_tools.versions.label import (
    CLEAN,
    DISTORTED,
    importance_scores,
    label_version,
    sharpness_of,
    state_of,
)
from data_tools.versions.scenes import PHOTO, Scene, make_scenes
from seagull.regions.masks import box_of
from seagull.regions.rle import encode

PROBE_LEVEL = 14
"""Of the distortions that a region's importance is measured by: serious, not yet severe."""


def versions_path(image_id: str) -> str:
    """Where what was done to one reference, and its raw labels, lie."""
    return f"_work/versions/{image_id}.json"


def picture_path(scene_id: str, number: int) -> str:
    """Where the pixels of a version lie."""
    return f"Versions/{scene_id}.{number}.png"


def split_of_photo(photo: PlannedPhoto, config: DataConfig) -> str:
    """``validation`` or ``train``: decided by the photo's path, then by its id."""
    share = config.versions.validation_share(photo.path, config.chat.validation_share)
    return split_of(photo.id, config.seed, share)


def make_versions(root: Path, photo: PlannedPhoto, config: DataConfig, settings: str) -> int:
    """Makes all versions of one reference unless they are there; returns how many there are.

    Args:
        root: output folder.
        photo: the reference.
        config: the settings. ``settings``: digest of all that decides the output.

    Raises:
        ValueError: if the reference or its masks cannot be read.
    """
    tree = OutputTree(root)
    reference = (root / reference_path(photo.id)).read_bytes()
    masks = (root / masks_path(photo.id)).read_bytes()
    fingerprint = digest_of([settings, photo.path, digest(reference), digest(masks)])
    done = read_json(root / versions_path(photo.id))
    if done is not None and done["fingerprint"] == fingerprint and _files_are_there(root, done):
        return len(done["files"])
    rois = [Roi.from_dict(row) for row in json.loads(masks)["regions"]]
    files: dict[str, int] = {}
    scenes = [
        _scene_rows(tree, scene, photo, config, files)
        for scene in make_scenes(Reference(photo.id, decode_png(reference)), rois, config)
    ]
    plain = {
        "id": photo.id,
        "fingerprint": fingerprint,
        "split": split_of_photo(photo, config),
        "metric": _metric(config),
        "scenes": scenes,
        "files": files,
    }
    tree.write(versions_path(photo.id), (json.dumps(plain) + "\n").encode(), flush=True)
    return len(files)


def _files_are_there(root: Path, done: dict[str, Any]) -> bool:
    try:
        return all((root / name).stat().st_size == size for name, size in done["files"].items())
    except OSError:
        return False


def _metric(config: DataConfig) -> str:
    labeller = load_labeller(config.label.metric)
    return f"{labeller.id}-{labeller.version}"


def _scene_rows(
    tree: OutputTree, scene: Scene, photo: PlannedPhoto, config: DataConfig, files: dict[str, int]
) -> dict[str, Any]:
    labeller = load_labeller(config.label.metric)
    cache = labeller.prepare(scene.reference.srgb)
    ladders = load_ladders(config.distort.ladders)
    validation = split_of_photo(photo, config) == "validation"
    wanted = config.versions.validation_per_scene if validation else config.versions.per_scene
    versions = []
    for number in range(wanted):
        draft = draw_version(scene, number, config, ladders)
        rendered = render_version(scene, draft, config.seed)
        entry = tree.write(picture_path(scene.id, number), encode_png(rendered.pixels))
        files[entry.path] = entry.size
        states = {
            name: state_of(mask, rendered.area, rendered.share)
            for name, mask in scene.masks.items()
        }
        other = DISTORTED if draft.kind == "outside" else CLEAN
        disjoint = [name for name, state in states.items() if state == other]
        chosen = choose_regions(scene, draft, disjoint, config)
        labels = label_version(
            scene, rendered, {name: states[name] for name in chosen}, labeller, cache
        )
        versions.append(
            {
                "number": number,
                "kind": draft.kind,
                "target": draft.target,
                "feather": draft.feather,
                "settings": [setting.to_dict() for setting in draft.settings],
                "labels": [label.to_dict() for label in labels],
            }
        )
    harmed = importance_scores(scene, _probes(ladders), labeller, cache, config.seed)
    return {
        "id": scene.id,
        "size": list(scene.reference.size),
        "regions": {
            name: _region_row(scene, name) | {"importance_raw": harmed.get(name)}
            for name in scene.masks
        },
        "versions": versions,
    }


def _probes(ladders: DistortConfig) -> list[DistortionSetting]:
    """The distortions that importance is measured by: the most usual ladder of each type."""
    names = {kind: max(own, key=own.__getitem__) for kind, own in ladders.weights.items()}
    return [ladders.ladder(kind, name).setting(PROBE_LEVEL) for kind, name in names.items()]


def _region_row(scene: Scene, name: str) -> dict[str, Any]:
    """A region's mask (None for the whole photo), box, share of the scene and sharpness."""
    mask = scene.masks[name]
    rle = None if name == PHOTO else encode(mask).to_dict()
    return {
        "rle": rle,
        "box": list(box_of(mask)),
        "share": round(scene.share(name), 5),
        "sharpness": sharpness_of(scene, name),
    }
