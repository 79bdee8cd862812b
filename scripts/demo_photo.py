"""Makes the demo's photo: a real one with a blurred and an over-exposed region.

    python scripts/demo_photo.py outputs/demo/photo.png

The photo is ``coffee`` of scikit-image (CC0, by Rachel Michetti). Prints the options with which
``seagull assess`` is to look at it.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from data_tools.distort import registry
from data_tools.distort.regional import distort_region
from data_tools.distort.setting import DistortionSetting
from data_tools.reference.reference import from_rgb
from seagull.regions.masks import box_mask
from seagull.types import DistortionType

BLUR = DistortionSetting(DistortionType.BLUR, 16, "gaussian", "one", 5.0, "sigma", "px", "serious")
EXPOSURE = DistortionSetting(
    DistortionType.EXPOSURE, 16, "gain", "higher", 2.2, "ev", "EV", "serious"
)
REGIONS = {
    "blurred": ((20, 30, 190, 190), BLUR),
    "over-exposed": ((400, 210, 590, 390), EXPOSURE),
    "untouched": ((215, 60, 385, 270), None),
}


def main(out: Path) -> None:
    """Writes the photo and prints its regions as command-line options."""
    photo = np.asarray(data.coffee())  # type: ignore[no-untyped-call]
    for box, setting in REGIONS.values():
        if setting is not None:
            reference = from_rgb("demo", photo)
            key = registry.distortion_key(setting.type, reference.image_id, seed=0)
            mask = box_mask(box, reference.size)
            photo = distort_region(reference, mask, setting, key, feather=4)
    out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(out)
    boxes = (f"--box {name}={','.join(map(str, box))}" for name, (box, _) in REGIONS.items())
    print(" ".join(boxes))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
