"""Pictures of which a hash says nothing.

A hash asks of each of 64 frequencies whether it is above their median. Of one colour, a gradient
or a picture in two halves, most frequencies are zero, and the answer is chance or the same for
all: such pictures lie within a few bits of each other, whatever they show.
"""

from collections.abc import Mapping

import numpy as np

from dedup._base.extras import require
from dedup._catalogue.record import Record

__all__ = ["blank_pictures"]

# Bits that must be told from chance. Measured: 16 or fewer for what is described above, 22 to 45
# for photos at 6 % of their brightness, 40 or more for 1,200 photos, pages and drawings.
_LEAST_BITS = 32
# A frequency this far from the median, in grey levels, is no chance: rounding to 8 bits moves a
# frequency of the orthonormal DCT by 0.29 (standard deviation).
_NO_CHANCE = 1.0


def blank_pictures(records: Mapping[int, Record]) -> frozenset[int]:
    """Those of the pictures, given by id, with fewer than 32 bits that can't be chance.

    Seen from the records' thumbnails, 8 x 8 means, which hold the frequencies that a hash has.
    """
    if not records:
        return frozenset()
    dctn = require("scipy.fft", extra="phash").dctn  # ImageHash needs SciPy
    cells = np.stack([record.cells for record in records.values()]).reshape(-1, 8, 8)
    frequencies = dctn(cells.astype(np.float64), axes=(1, 2), norm="ortho").reshape(-1, 64)
    off_median = np.abs(frequencies - np.median(frequencies, axis=1, keepdims=True))
    telling = (off_median > _NO_CHANCE).sum(axis=1)
    return frozenset(
        picture for picture, bits in zip(records, telling, strict=True) if bits < _LEAST_BITS
    )
