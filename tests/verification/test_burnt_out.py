"""What a brighter copy lost in white is no other content."""

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance

from dedup._verification.reading.reading import read

SAME_FRAME = np.eye(3)
LOGO = Image.alpha_composite(
    Image.new("RGBA", (500, 500), "white"), Image.fromarray(skimage.data.logo())
).convert("RGB")
STARS = Image.fromarray(skimage.data.hubble_deep_field())


def grey(image):
    return np.asarray(image.convert("L"))


def brighter(image, *, factor):
    out = io.BytesIO()
    ImageEnhance.Brightness(image).enhance(factor).save(out, "JPEG", quality=90)
    return Image.open(out)


@pytest.mark.parametrize(("image", "factor"), [(LOGO, 1.5), (STARS, 1.3), (STARS, 1.8)])
def test_a_brighter_copy_is_a_copy(image, factor):
    assert read(grey(image), grey(brighter(image, factor=factor)), SAME_FRAME).kind == "copy"
