"""Words for distortions and their remedies, in free conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """How one way of distorting is spoken of.

    Args:
        name: completes "minor ..."; with ``article``, "a minor ...".
        effects: what is seen, whole clauses.
        remedies: what would help, noun phrases that can stand as a subject; none of them is part
            of what would help against another type.
        article: whether the name takes "a".
    """

    name: str
    effects: tuple[str, ...]
    remedies: tuple[str, ...]
    article: bool = False

    def named(self, severity: str) -> str:
        """The distortion with its severity word."""
        return f"{'a ' if self.article else ''}{severity} {self.name}"


_BLUR = Wording(
    "blur",
    (
        "details are smeared",
        "edges are soft and fine structure is lost",
        "the texture has lost its sharpness",
        "outlines run into each other as if out of focus",
    ),
    (
        "a sharper focus or a steadier camera",
        "focusing on this part",
        "a better focus",
        "a retake with the focus right here, or some sharpening",
    ),
)

WORDINGS: Mapping[str, Wording] = {
    "gaussian": _BLUR,
    "disc": _BLUR,
    "motion": Wording(
        "motion blur",
        (
            "details are smeared in one direction",
            "edges are drawn out as by a moving camera",
            "fine structure is dragged along a line",
            "everything looks streaked in the direction of the movement",
        ),
        (
            "a faster shutter or a steadier camera",
            "a tripod or image stabilisation",
            "a faster shutter",
            "holding the camera still, or a faster shutter",
        ),
    ),
    "saturation-lower": Wording(
        "loss of colour",
        (
            "the colours are pale",
            "little is left of the colours",
            "the colours look faded",
            "the colours are washed out towards grey",
        ),
        (
            "more saturation",
            "bringing back the colours with higher saturation",
            "stronger colours",
            "raising the saturation",
        ),
        article=True,
    ),
    "saturation-higher": Wording(
        "oversaturation",
        (
            "the colours are too strong",
            "the colours look garish",
            "the colours are exaggerated and unnatural",
            "strong colours have lost their fine shades",
        ),
        (
            "less saturation",
            "more natural colours with lower saturation",
            "weaker colours",
            "lowering the saturation",
        ),
    ),
    "compression": Wording(
        "compression",
        (
            "compression artefacts show",
            "fine structure gave way to artefacts of the compression",
            "details were thrown away when it was saved",
            "edges are surrounded by artefacts",
        ),
        (
            "a higher quality setting when saving",
            "weaker compression",
            "a larger file with less compression",
            "saving it without loss",
        ),
    ),
    "jpeg": Wording(
        "compression",
        (
            "block artefacts show",
            "the squares of the JPEG compression can be seen",
            "fine structure gave way to blocks",
            "blocks and ringing along the edges disturb it",
        ),
        (
            "a higher JPEG quality",
            "weaker compression, that is a higher JPEG quality",
            "saving it with less compression",
            "a format without loss, or a higher JPEG quality",
        ),
    ),
    "slope-lower": Wording(
        "loss of contrast",
        (
            "it looks flat and grey",
            "light and dark lie too close together",
            "it looks as if seen through haze",
            "the tones are dull and hardly differ",
        ),
        (
            "more contrast",
            "a steeper tone curve, that is more contrast",
            "raising the contrast",
            "spreading the tones with more contrast",
        ),
        article=True,
    ),
    "slope-higher": Wording(
        "excess of contrast",
        (
            "the tones are harsh",
            "dark parts sink into black and light parts into white",
            "light and dark are driven too far apart",
            "the shades between light and dark are missing",
        ),
        (
            "less contrast",
            "a softer tone curve, that is less contrast",
            "lowering the contrast",
            "gentler tones with less contrast",
        ),
        article=True,
    ),
    "gain-lower": Wording(
        "underexposure",
        (
            "it is too dark and detail is lost in the shadows",
            "it is too dark",
            "too little light reached it, so the shadows hold no detail",
            "dark parts are hard to make out because it is too dark",
        ),
        (
            "a longer exposure",
            "more light",
            "a brighter exposure",
            "a longer exposure or a wider aperture",
        ),
    ),
    "gain-higher": Wording(
        "overexposure",
        (
            "it is too bright and detail is lost in the highlights",
            "it is too bright",
            "too much light reached it, so the highlights hold no detail",
            "bright parts are burnt out because it is too bright",
        ),
        (
            "a shorter exposure",
            "less light",
            "a darker exposure",
            "a shorter exposure or a smaller aperture",
        ),
    ),
    "noise": Wording(
        "noise",
        (
            "grain covers the surfaces",
            "grain hides the fine detail",
            "smooth areas are full of coloured grain",
            "it is speckled with grain",
        ),
        (
            "denoising or a lower ISO",
            "a lower ISO",
            "denoising",
            "a lower ISO or a denoising filter",
        ),
    ),
}
"""By a setting's variant, or where none of that name is there, by its type."""


def wording_of(kind: str, variant: str) -> Wording:
    """The words for a distortion of a type (``noise``) made in a way (``sensor``).

    Raises:
        KeyError: if neither is known.
    """
    return WORDINGS[variant] if variant in WORDINGS else WORDINGS[kind]
