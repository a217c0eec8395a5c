"""How coarse a JPEG file was from which a file without quantisation tables was made.

Its pixels still show it: in blocks of 8 x 8, from the corner on, the coefficients of the cosine
transform lie at multiples of the quantisation steps (Fan and de Queiroz 2003). So it is where the
picture was neither resized nor cropped, of JPEG files of quality 75 and less.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._grouping.jpeg_blocks import Blocks

__all__ = ["tables_in_pixels"]

_LIGHT: Final = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)
_COLOUR: Final = np.full((8, 8), 99)
_COLOUR[:4, :4] = [[17, 18, 24, 47], [18, 21, 26, 66], [24, 26, 56, 99], [47, 66, 99, 99]]
"""Steps for quality 50 of the standard (ITU-T T.81, annex K), which most encoders scale."""
_LEAST: Final = 4
_MOST: Final = 255
"""Steps that are looked for."""
_COARSE: Final = (0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (0, 3), (3, 0)
"""Patterns of which many coefficients are not zero."""
_FEW: Final = 24
"""Coefficients that say too little."""
_NEXT: Final = 0.45
"""Parts of a step from zero on, from which a coefficient says which step it is."""
_REGULAR: Final = 0.6
"""Mean cosine of coefficients in turns of a step, from which they lie at multiples of it."""
_FOUND: Final = 7
"""Patterns of which the step must be known, and by how much, in units of the usual ones, those of
the middle half may differ."""
_SPREAD: Final = 1.25


def tables_in_pixels(blocks: Blocks) -> npt.NDArray[np.float32]:
    """The quantisation steps of the JPEG file that a picture was, for light and for colours.

    Returns
    -------
    ndarray, shape (2, 8, 8)
        All 0 if it was none.

    Examples
    --------
    >>> from dedup._grouping.jpeg_blocks import blocks_of
    >>> noise = np.random.default_rng(0).integers(0, 256, (160, 160), np.uint8)
    >>> float(tables_in_pixels(blocks_of(noise)).max())
    0.0
    """
    waves = blocks.waves[blocks.are_whole]
    scales: list[float] = []
    for number, place in enumerate(_COARSE):
        step = _step_of(np.abs(waves[:, *place]))
        if step:
            scales.append(step / _LIGHT[place])
        elif len(scales) + len(_COARSE) - number <= _FOUND:  # too few are left
            return np.zeros((2, 8, 8), np.float32)
    low, scale, high = np.quantile(scales, (0.25, 0.5, 0.75)).tolist()
    if high > _SPREAD * low:
        return np.zeros((2, 8, 8), np.float32)
    return np.asarray(np.minimum(scale * np.stack([_LIGHT, _COLOUR]), _MOST), np.float32)


def _step_of(values: npt.NDArray[np.float32]) -> int:
    """The largest step of which coefficients are multiples; 0 if there is none."""
    if len(values) < _FEW:
        return 0
    ranked = np.sort(values)
    most = min(_MOST, int(ranked[-_FEW] / _NEXT))
    for step in range(most, _LEAST - 1, -1):
        far = ranked[np.searchsorted(ranked, _NEXT * step) :]
        if np.cos(2 * np.pi / step * far).mean() > _REGULAR:
            return step
    return 0
