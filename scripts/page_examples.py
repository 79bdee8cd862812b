"""Makes the example photos of the page that ``seagull serve`` shows.

    python -m scripts.page_examples [seagull/server/page/examples]

From scikit-image, all free of copyright: ``coffee`` (CC0, Rachel Michetti), which gets the demo's
blurred and over-exposed regions, ``chelsea`` (CC0, Stefan van der Walt) and ``rocket`` (public
domain, SpaceX).
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image
from skimage import data

from scripts.demo_photo import main as make_demo_photo

OUT = Path(__file__).parents[1] / "seagull/server/page/examples"
QUALITY = 90


def main(out: Path = OUT) -> None:
    """Writes the three photos."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder) / "demo.png"
        make_demo_photo(demo)
        _save(Image.open(demo), out / "coffee.jpg")
    _save(Image.fromarray(data.chelsea()), out / "cat.jpg")  # type: ignore[no-untyped-call]
    _save(Image.fromarray(data.rocket()), out / "rocket.jpg")  # type: ignore[no-untyped-call]


def _save(photo: Image.Image, path: Path) -> None:
    photo.convert("RGB").save(path, quality=QUALITY, optimize=True, progressive=True)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
