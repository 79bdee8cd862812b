"""What each stage does for one reference."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from data_tools.chat import write_chat
from data_tools.given import LEFT_OUT, GivenRegions, Shown
from data_tools.masks import Roi, find_rois
from data_tools.plan import read_plan
from data_tools.png import encode_png, read_png
from data_tools.reference.reference import Reference, from_rgb
from data_tools.render import render
from data_tools.sources import pixel_digest
from data_tools.state import digest
from data_tools.work import StageFunction, StageOutput, Workbench
from seagull.files.text import to_json
from seagull.photos import read_photo
from seagull.photos.upright import open_upright


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Adds the time spent inside to ``seconds[name]``."""
    start = time.perf_counter()
    try:
        yield
    finally:
        seconds[name] += time.perf_counter() - start


def reference_path(image_id: str) -> str:
    """Where a rendered reference lies, as in SEAGULL-100w."""
    return f"Ref.Images/{image_id}.png"


def masks_path(image_id: str) -> str:
    """Where a reference's ROIs lie."""
    return f"_work/masks/{image_id}.json"


def source_reference(bench: Workbench) -> Reference:
    """The reference developed from its source photo (kept while the reference is worked on).

    Raises:
        ValueError: if the photo is no longer the planned one, or cannot be read.
    """
    if "reference" in bench.cache:
        return cast(Reference, bench.cache["reference"])
    path = Path(read_plan(bench.tree)["input"]) / bench.photo.path
    data = path.read_bytes()
    if digest(data) != bench.photo.digest:
        raise ValueError(f"{bench.photo.path}: its bytes changed since it was planned")
    long_side = bench.config.reference.long_side
    if bench.photo.kind == "raw":
        from data_tools.reference.raw import develop_raw

        made = develop_raw(
            bench.photo.id, path, long_side=long_side, demosaic=bench.config.reference.demosaic
        )
    else:
        made = from_rgb(bench.photo.id, read_photo(data).pixels, long_side)
    bench.cache["reference"] = made
    return made


def rendered_reference(bench: Workbench) -> Reference:
    """The reference as written to the disk: enough for masks and labels."""
    if "reference" in bench.cache:
        return cast(Reference, bench.cache["reference"])
    pixels = read_png(bench.tree.root / reference_path(bench.photo.id))
    return Reference(bench.photo.id, pixels)


def read_rois(bench: Workbench) -> list[Roi]:
    """The ROIs of the reference."""
    if "rois" not in bench.cache:
        text = (bench.tree.root / masks_path(bench.photo.id)).read_text(encoding="utf-8")
        bench.cache["rois"] = [Roi.from_dict(row) for row in json.loads(text)["regions"]]
    return cast(list[Roi], bench.cache["rois"])


def make_reference(bench: Workbench) -> dict[str, StageOutput]:
    """Develops the photo and writes the reference image."""
    out = StageOutput()
    with timed(out.seconds, "develop"):
        reference = source_reference(bench)
    with timed(out.seconds, "encode"):
        data = encode_png(reference.srgb)
    with timed(out.seconds, "write"):
        entry = bench.tree.write(reference_path(bench.photo.id), data)
        out.files.append(replace(entry, pixels=pixel_digest(reference.srgb)))
    out.counts["references"] += 1
    return {"reference": out}


def _shown(bench: Workbench) -> Shown:
    """What the photo's annotations are compared with."""
    form = bench.config.masks.given_size
    orientation = 1
    if form == "stored":
        path = Path(read_plan(bench.tree)["input"]) / bench.photo.path
        with open_upright(path) as picture:
            orientation = picture.orientation
    return Shown((bench.photo.height, bench.photo.width), form, orientation)


def make_masks(bench: Workbench) -> dict[str, StageOutput]:
    """Finds the ROIs and writes them as run lengths."""
    out = StageOutput()
    config = bench.config.masks
    given = None
    if config.source == "given":
        given = GivenRegions(bench.tree, {bench.photo.id: bench.photo.path}, _shown(bench))
    with timed(out.seconds, "segment"):
        reference = rendered_reference(bench)
        rois = find_rois(reference, config, bench.config.seed, given)
    plain = {
        "id": bench.photo.id,
        "size": reference.size,
        "regions": [roi.to_dict() for roi in rois],
    }
    with timed(out.seconds, "write"):
        text = to_json(plain) + "\n"
        out.files.append(bench.tree.write(masks_path(bench.photo.id), text.encode()))
    bench.cache["rois"] = rois
    out.counts["regions"] += len(rois)
    if given is not None and given.faults:
        out.counts[LEFT_OUT] += len(given.faults)
    out.counts.update(f"regions:{roi.level}" for roi in rois)
    return {"masks": out}


def make_cells(bench: Workbench) -> dict[str, StageOutput]:
    """Distorts, labels, or both at once."""
    distorting = "distort" in bench.wanted
    reference = source_reference(bench) if distorting else rendered_reference(bench)
    rois = read_rois(bench) if "label" in bench.wanted else []
    return render(bench, reference, rois)


def make_chat(bench: Workbench) -> dict[str, StageOutput]:
    """Writes the conversations about the reference's images."""
    out = StageOutput()
    with timed(out.seconds, "chat"):
        entry, counts = write_chat(bench.tree, bench.config, bench.photo.id, read_rois(bench))
    out.files.append(entry)
    out.counts.update(counts)
    return {"chat": out}


GROUPS: tuple[tuple[tuple[str, ...], StageFunction], ...] = (
    (("reference",), make_reference),
    (("masks",), make_masks),
    (("distort", "label"), make_cells),
    (("chat",), make_chat),
)
"""Stages in their order; those of one group share the pixels in memory."""
