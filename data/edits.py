"""Named edits: what people, apps and sites do to a picture that stays the same picture.

The families are those of the Milvus article on image deduplication (format, size, zoom, colour,
noise, watermark, text) and what is common on the web besides (frames, stickers, screenshots,
pastes, rotations, mirrors).
"""

import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from PIL import Image

from dedup.data import _geometry, _overlays, _pixels, _screens


@dataclass(frozen=True, slots=True)
class Encoding:
    """The file format of an edited copy: a suffix such as ".jpg", and Pillow's save options."""

    suffix: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def encode(self, image: Image.Image) -> bytes:
        """Return the content of an image file that shows `image`."""
        buffer = io.BytesIO()
        image.save(buffer, Image.registered_extensions()[self.suffix], **self.options)
        return buffer.getvalue()


JPEG: Final = Encoding(".jpg", {"quality": 90})


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a picture.

    Attributes
    ----------
    name : str
        Unique, such as "resize-50"; also the stem of the edited file.
    family : str
        Edits of one kind, such as "resize".
    strength : float
        In the family's own unit, as the name says; 1 where a family has one strength only.
    apply : callable
        A pure function (RGB image, numpy Generator) -> RGB image; with a third argument,
        `background`, if `needs_background`.
    encoding : Encoding
        How the copy is saved: JPEG of quality 90, unless the edit is the encoding.
    needs_background : bool
        The picture is pasted into a second photo.
    """

    name: str
    family: str
    strength: float
    apply: Callable[..., Image.Image]
    encoding: Encoding = JPEG
    needs_background: bool = False


def edited_file(
    image: Image.Image,
    *,
    edit: str,
    seed: int | Sequence[int],
    background: Image.Image | None = None,
) -> bytes:
    """Make the edited copy of a picture, as the content of an image file.

    Parameters
    ----------
    image : PIL.Image.Image
        Of any size and mode; edited in RGB.
    edit : str
        A name in `EDITS`, which also gives the file's suffix: `EDITS[edit].encoding.suffix`.
    seed : int or sequence of int
        Where an edit has a choice (the place of a crop, the words of a caption) it depends on
        this and on the edit's name only. Give (seed, source) for other choices in every photo.
    background : PIL.Image.Image, optional
        The second photo of an edit that pastes the picture into one.

    Raises
    ------
    KeyError
        If no edit has that name.
    ValueError
        If the edit needs a background and has none.

    Examples
    --------
    >>> from PIL import Image
    >>> copy = edited_file(Image.new("RGB", (80, 60)), edit="format-png", seed=0)
    >>> copy[1:4]
    b'PNG'
    """
    chosen = EDITS[edit]
    entropy = [seed] if isinstance(seed, int) else list(seed)
    rng = np.random.default_rng([*entropy, zlib.crc32(edit.encode())])
    apply = chosen.apply
    if chosen.needs_background:
        if background is None:
            raise ValueError(f"the edit {edit!r} needs a second photo: give background=")
        apply = partial(apply, background=background.convert("RGB"))
    return chosen.encoding.encode(apply(image.convert("RGB"), rng))


def apply_edit(
    image: Image.Image,
    *,
    edit: str,
    seed: int | Sequence[int],
    background: Image.Image | None = None,
) -> Image.Image:
    """Make the edited copy of a picture, as it is read from its file (see `edited_file`).

    Examples
    --------
    >>> from PIL import Image
    >>> apply_edit(Image.new("RGB", (80, 60)), edit="resize-50", seed=0).size
    (40, 30)
    """
    content = edited_file(image, edit=edit, seed=seed, background=background)
    return Image.open(io.BytesIO(content)).convert("RGB")


def _chain(*steps: Callable[..., Image.Image]) -> Callable[..., Image.Image]:
    def apply(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        for step in steps:
            image = step(image, rng)
        return image

    return apply


def _quality(quality: int) -> Encoding:
    return Encoding(".jpg", {"quality": quality})


_EDITS = [
    Edit("format-png", "format", 1, _pixels.same, Encoding(".png")),
    Edit("format-webp", "format", 1, _pixels.same, Encoding(".webp", {"quality": 80})),
    Edit("jpeg-40", "jpeg", 40, _pixels.same, _quality(40)),
    Edit("jpeg-20", "jpeg", 20, _pixels.same, _quality(20)),
    Edit("resize-50", "resize", 50, partial(_geometry.resize, width=0.5, height=0.5)),
    Edit("resize-25", "resize", 25, partial(_geometry.resize, width=0.25, height=0.25)),
    Edit("aspect-80", "aspect", 80, partial(_geometry.resize, width=0.8, height=1)),
    Edit("zoom-150", "zoom", 150, partial(_geometry.zoom, factor=1.5)),
    Edit("crop-70", "crop", 70, partial(_geometry.crop, area=0.7)),
    Edit("crop-50", "crop", 50, partial(_geometry.crop, area=0.5)),
    Edit("crop-25", "crop", 25, partial(_geometry.crop, area=0.25)),
    Edit("rotate-10", "rotate", 10, partial(_geometry.rotate, degrees=10)),
    Edit("rotate-90", "rotate", 90, partial(_geometry.rotate, degrees=90)),
    Edit("rotate-180", "rotate", 180, partial(_geometry.rotate, degrees=180)),
    Edit("mirror", "mirror", 1, _geometry.mirror),
    Edit("brightness-60", "brightness", 60, partial(_pixels.brightness, factor=0.6)),
    Edit("brightness-150", "brightness", 150, partial(_pixels.brightness, factor=1.5)),
    Edit("contrast-50", "contrast", 50, partial(_pixels.contrast, factor=0.5)),
    Edit("contrast-160", "contrast", 160, partial(_pixels.contrast, factor=1.6)),
    Edit("gamma-50", "gamma", 50, partial(_pixels.gamma, power=0.5)),
    Edit("gamma-200", "gamma", 200, partial(_pixels.gamma, power=2)),
    Edit("grey", "grey", 1, partial(_pixels.saturation, factor=0)),
    Edit("saturation-40", "saturation", 40, partial(_pixels.saturation, factor=0.4)),
    Edit("saturation-180", "saturation", 180, partial(_pixels.saturation, factor=1.8)),
    Edit("hue-40", "hue", 40, partial(_pixels.hue, degrees=40)),
    Edit("sepia", "sepia", 1, _pixels.sepia),
    Edit("blur-3", "blur", 3, partial(_pixels.blur, radius=3)),
    Edit("blur-6", "blur", 6, partial(_pixels.blur, radius=6)),
    Edit("sharpen-200", "sharpen", 200, partial(_pixels.sharpen, percent=200)),
    Edit("noise-10", "noise", 10, partial(_pixels.noise, sigma=10)),
    Edit("noise-25", "noise", 25, partial(_pixels.noise, sigma=25)),
    Edit("salt-pepper-5", "salt-pepper", 5, partial(_pixels.salt_and_pepper, share=0.05)),
    Edit("watermark-50", "watermark", 50, partial(_overlays.watermark, opacity=0.5)),
    Edit("tiled-30", "tiled", 30, partial(_overlays.tiled_watermark, opacity=0.3)),
    Edit("logo-60", "logo", 60, partial(_overlays.logo, opacity=0.6)),
    Edit("text-over-10", "text-over", 10, partial(_overlays.text_over, height=0.1, lines=1)),
    Edit("text-over-14", "text-over", 14, partial(_overlays.text_over, height=0.14, lines=2)),
    Edit("caption-20", "caption", 20, partial(_overlays.caption, height=0.2, place="below")),
    Edit("caption-30", "caption", 30, partial(_overlays.caption, height=0.3, place="above")),
    Edit("border-6", "border", 6, partial(_geometry.border, width=0.06)),
    Edit("letterbox-40", "letterbox", 40, partial(_geometry.letterbox, bars=0.4)),
    Edit("screenshot-phone", "screenshot", 1, _screens.phone),
    Edit("screenshot-window", "screenshot", 1, _screens.window),
    Edit("sticker-12", "sticker", 12, partial(_overlays.sticker, area=0.12)),
    Edit("paste-60", "paste", 60, partial(_geometry.paste, width=0.6), needs_background=True),
    Edit(
        "crop-text-jpeg",
        "combined",
        1,
        _chain(
            partial(_geometry.crop, area=0.7), partial(_overlays.text_over, height=0.1, lines=1)
        ),
        _quality(40),
    ),
    Edit(
        "mirror-crop-jpeg",
        "combined",
        1,
        _chain(_geometry.mirror, partial(_geometry.crop, area=0.7)),
        _quality(40),
    ),
]

EDITS: Final[dict[str, Edit]] = {edit.name: edit for edit in _EDITS}
"""All edits by name."""
