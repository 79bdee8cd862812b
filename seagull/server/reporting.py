"""Assessments become the JSON of ``seagull.quality_report/1``, whole or line by line."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from PIL import Image

from seagull.photos import Photo
from seagull.reports.json import report_to_dict
from seagull.reports.overlay import draw_heatmap, draw_overlay
from seagull.types import QualityReport, RegionAssessment


def pictures(
    photo: Photo, report: QualityReport, *, overlay: bool, heatmap: bool
) -> dict[str, str]:
    """The pictures asked for, as data URIs of PNG files."""
    wanted = {"overlay": (overlay, draw_overlay), "heatmap": (heatmap, draw_heatmap)}
    return {
        name: _data_uri(draw(photo.pixels, report))
        for name, (asked, draw) in wanted.items()
        if asked
    }


def region_entry(report: QualityReport, assessment: RegionAssessment) -> dict[str, Any]:
    """A region's entry in the report's JSON."""
    single = QualityReport(report.image, report.model, report.segmenter, (assessment,))
    entry: dict[str, Any] = report_to_dict(single)["regions"][0]
    return entry


def json_line(plain: dict[str, Any]) -> bytes:
    """A line of JSON Lines."""
    return json.dumps(plain, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"


def _data_uri(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, format="PNG", compress_level=3)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")
