"""Two soft photos in one frame, or under one watermark, are two: neither goes for the other."""

import pytest
import skimage.data
from cat import find
from PIL import Image

from dedup.data.negatives import NEGATIVES, make_negatives

SIDE = 144
PLACES = [(432, 576), (288, 864), (864, 1152), (1008, 1008), (576, 1152), (864, 864), (1008, 720)]


@pytest.mark.parametrize("family", ["app-window", "app-feed", "watermarked"])
def test_soft_photos_in_one_frame_stay(tmp_path, family):
    retina = Image.fromarray(skimage.data.retina())
    parts = [retina.crop((x, y, x + SIDE, y + SIDE)).resize((432, 432)) for y, x in PLACES]
    encoding = NEGATIVES[family].encoding
    for number, image in enumerate(
        make_negatives(family, count=len(parts), seed=3, photos=iter(parts))
    ):
        (tmp_path / f"{number}{encoding.suffix}").write_bytes(encoding.encode(image))
    found = find(tmp_path)
    assert found.groups, "they can't be told apart by what is aligned"
    assert [f.reason for f in found.plan().files if f.action != "leave"] == []
