"""Pages that were photographed far askew, as no affine map does."""

import numpy as np
import pytest

import dedup
from dedup.data._reproduction import photographed
from dedup.data.lookalikes import make_lookalikes

ON_A_DESK = ["receipt", "certificate", "map-tile", "chat"]
DARK_AT_THE_TOP = ["ticket", "slide"]
"""Its outline is not seen: the desk is as dark."""


@pytest.mark.parametrize("family", ON_A_DESK + DARK_AT_THE_TOP)
def test_a_page_taken_far_askew_is_told_from_another_of_its_template(family, tmp_path):
    page, other = make_lookalikes(family, count=2, seed=0, template=1)
    page.save(tmp_path / "page.png")
    other.save(tmp_path / "other.png")
    photographed(page, np.random.default_rng(3), inset=0.2).save(tmp_path / "shot.jpg")
    groups = dedup.find_duplicates(tmp_path, cache=False, progress=False).groups
    assert [{path.rsplit("/", 1)[1] for path in group.paths} for group in groups] == [
        {"page.png", "shot.jpg"}
    ]
