"""The sample: a small labelled set from the photos inside scikit-image's wheel.

The demo, the tutorial and the tests use it: no download, and no images in the repository.
"""

import importlib.util
import os
from pathlib import Path
from typing import Final

import pandas as pd

from dedup.data.labelled import LABELS, LabelledFolder, read_labels

_SOURCES: Final = [
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "logo.png",
    "retina.jpg",
    "rocket.jpg",
]
_EDITS: Final = [
    "format-webp",
    "jpeg-20",
    "resize-50",
    "zoom-150",
    "crop-50",
    "mirror",
    "brightness-150",
    "grey",
    "noise-10",
    "watermark-50",
    "text-over-10",
    "caption-20",
    "screenshot-phone",
]
# Each the only one of its group; the family says what makes some hard to tell apart.
_DISTINCT: Final = {
    "cell.png": "",
    "color.png": "",
    "horse.png": "",
    "moon.png": "",
    "page.png": "text-pages",
    "text.png": "text-pages",
    "brick.png": "textures",
    "grass.png": "textures",
    "gravel.png": "textures",
}
# Two shots of one scene, from two places, are no copies of one picture.
_SCENE: Final = ["motorcycle_left.png", "motorcycle_right.png"]
_FRAMED: Final = ["clock_motion.png", "coins.png", "ihc.png"]
_DRAWN: Final = ["text-pages", "slides", "flat", "two-tone"]


def build_sample(out: str | os.PathLike[str]) -> pd.DataFrame:
    """Build the sample, unless the folder holds it already.

    Eight photos with thirteen edited copies each, and 26 images that are no duplicates: photos,
    text pages, textures, drawings, three photos in one app's window, and a stereo pair (two
    shots of one scene). The same files each time.

    Parameters
    ----------
    out : path
        The folder to build it in: new, empty, or with a sample, of which what is missing is
        written again.

    Returns
    -------
    pandas.DataFrame
        Its labels, see `dedup.data.labelled.read_labels`.

    Raises
    ------
    ModuleNotFoundError
        If scikit-image is not installed.
    FileExistsError
        If the folder holds anything else.

    Examples
    --------
    >>> import tempfile
    >>> labels = build_sample(tempfile.mkdtemp())
    >>> len(labels), labels["group"].nunique()
    (138, 34)
    """
    folder = Path(out)
    if folder.is_dir():
        others = {path.name for path in folder.iterdir()}
        others -= {"copies", "distinct", "negatives", LABELS}
        if others:
            raise FileExistsError(f"{folder} holds other files: give a new folder for the sample")
        try:
            return read_labels(folder)
        except (FileNotFoundError, ValueError):
            pass  # not built to its end, or files were deleted since: built again

    photos = _photo_folder()
    writer = LabelledFolder(folder, seed=0, max_side=640)
    for file in _SOURCES:
        writer.add_copies(photos / file, name=Path(file).stem, edits=_EDITS)
    for file, family in _DISTINCT.items():
        writer.add_photo(photos / file, name=Path(file).stem, family=family)
    for file in _SCENE:
        writer.add_photo(photos / file, name=Path(file).stem, family="scene", source="motorcycle")
    for family in _DRAWN:
        writer.add_negatives(family, count=3, photos={})
    framed = {photos / file: Path(file).stem for file in _FRAMED}
    writer.add_negatives("app-window", count=len(framed), photos=framed)
    return writer.write_labels()


def _photo_folder() -> Path:
    """Find scikit-image's bundled photos without importing it."""
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise ModuleNotFoundError(
            "the sample photos come with scikit-image, which is not installed; to install it: "
            'pip install "dedup-vision[demo]"',
            name="skimage",
        )
    return Path(package.origin).parent / "data"
