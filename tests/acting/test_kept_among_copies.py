"""Of an original and its copies the original is kept, whatever was done to these."""

import os

import pytest
import skimage.data
from PIL import Image

import dedup
from dedup.data.edits import edited_file


@pytest.fixture
def kept(tmp_path):
    """The name of the file that is kept of a photo and its edited copies."""

    def look(photo, *edits):
        photo.save(tmp_path / "original.jpg", quality=85)
        for edit in edits:
            (tmp_path / f"{edit}.jpg").write_bytes(edited_file(photo, edit=edit, seed=1))
        (group,) = dedup.find_duplicates(tmp_path, cache=False).groups
        return os.path.basename(group.keep)

    return look


def test_picture_with_black_ground_is_kept_and_not_its_noisy_copy(kept):
    eye = Image.fromarray(skimage.data.retina()).resize((640, 640))
    assert kept(eye, "noise-10", "jpeg-20", "resize-50") == "original.jpg"


def test_picture_that_lies_as_most_do_is_kept(kept):
    photo = Image.fromarray(skimage.data.rocket())
    assert kept(photo, "mirror", "resize-50", "jpeg-20") == "original.jpg"
