"""An overlap of two pictures in blocks: how like each other, and how far they are displaced."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from dedup._verification.registration import Floats, Matrix

_TEXTURE: Final = 1.5
"""Slope, in grey values a pixel, at which a block's texture counts half."""
_SCATTERED: Final = 1.5
"""Unrest of blocks that have nothing in common, in pixels of the canvas."""
_STILL: Final = 0.15
"""Corrections below so many pixels of the canvas change nothing."""


@dataclass(frozen=True)
class Blocks:
    """Windows around a grid of centres, compared in two pictures.

    Attributes
    ----------
    centres : ndarray, shape (rows, columns, 2)
        x and y in the canvas.
    step : int
        Distance of neighbouring centres.
    inside : ndarray of bool, shape (rows, columns)
        Whether both pictures cover the window.
    likeness : ndarray, shape (2 reach + 1, 2 reach + 1, rows, columns)
        Correlation of the window in a with the one in b that is displaced by (y, x), -1 to 1.
    mean_a, mean_b, spread_a, spread_b : ndarray, shape (rows, columns)
        Mean and standard deviation of the windows, in grey values.
    """

    centres: Floats
    step: int
    inside: npt.NDArray[np.bool_]
    likeness: Floats
    mean_a: Floats
    mean_b: Floats
    spread_a: Floats
    spread_b: Floats
    texture_a: Floats
    texture_b: Floats

    @cached_property
    def weight(self) -> Floats:
        """How much there is to compare in each block, 0 to 1: none on flat ground."""
        texture = np.maximum(self.texture_a, self.texture_b)
        weight: Floats = self.inside * texture / (texture + _TEXTURE**2)
        return weight

    def agreement(self, likeness: Floats) -> float:
        """Part of the texture that both pictures show, for `rigid` or `elastic` likeness."""
        return float((self.weight * _alike(likeness)).sum() / max(float(self.weight.sum()), 1e-6))

    def changed_area(self, likeness: Floats) -> float:
        """Part of the overlap in regions that differ, for `rigid` or `elastic` likeness.

        A flat block follows its textured neighbours: sky within another photo is changed too.
        """
        texture = _neighbourhood(self.weight)
        alike = _neighbourhood(self.weight * _alike(likeness))
        changed = self.inside & (texture > 0.3) & (alike < 0.4 * texture)
        return float(changed.sum() / max(int(self.inside.sum()), 1))

    @cached_property
    def tone(self) -> float:
        """Correlation of the brightness of blocks that are alike, -1 to 1.

        Under one watermark two photos share its edges, but not where they are light and dark.
        """
        weight = self.inside * _alike(self.rigid)
        total = max(float(weight.sum()), 1e-6)
        a = self.mean_a - (weight * self.mean_a).sum() / total
        b = self.mean_b - (weight * self.mean_b).sum() / total
        spread = ((weight * a * a).sum() * (weight * b * b).sum()) ** 0.5
        return float((weight * (a * b)).sum() / (spread + total))

    @property
    def may_move(self) -> bool:
        """Whether the windows were compared with displaced ones too."""
        return len(self.likeness) > 1

    @property
    def rigid(self) -> Floats:
        """Likeness in place."""
        reach = len(self.likeness) // 2
        rigid: Floats = self.likeness[reach, reach]
        return rigid

    @cached_property
    def elastic(self) -> Floats:
        """Likeness at each block's own best place."""
        best: Floats = self.likeness.max(axis=(0, 1))
        return best

    @cached_property
    def displacement(self) -> Floats:
        """Each block's best place, in pixels of the canvas (x, y), between pixels too."""
        side, _, rows, columns = self.likeness.shape
        flat = self.likeness.reshape(side * side, rows, columns)
        y, x = np.divmod(flat.argmax(axis=0), side)
        r, c = np.indices((rows, columns))

        def peak(low: Floats, top: Floats, high: Floats) -> Floats:
            """Where the parabola through three neighbours is highest."""
            bend = low - 2 * top + high
            offset: Floats = 0.5 * (low - high) / np.minimum(bend, -1e-3)
            return offset.clip(-0.5, 0.5)

        last = side - 1
        top = self.likeness[y, x, r, c]
        dx = peak(
            self.likeness[y, np.maximum(x - 1, 0), r, c],
            top,
            self.likeness[y, np.minimum(x + 1, last), r, c],
        )
        dy = peak(
            self.likeness[np.maximum(y - 1, 0), x, r, c],
            top,
            self.likeness[np.minimum(y + 1, last), x, r, c],
        )
        places: Floats = np.stack([x + dx, y + dy], axis=-1).astype(np.float32) - side // 2
        return places

    @cached_property
    def correction(self) -> Matrix | None:
        """The affine map, canvas to b's canvas, that best explains the displacements.

        None where too few blocks are alike to tell.
        """
        fit = self._fit
        return None if fit is None else fit[0]

    @property
    def unrest(self) -> float:
        """Mean displacement of the blocks, the correction made, in pixels of the canvas.

        Infinite where too few blocks are alike to tell.
        """
        if not self.may_move or self._fit is None:
            return 0.0 if self.is_clear else float("inf")
        return self._fit[1]

    @property
    def jitter(self) -> float:
        """The same against the neighbours: blocks that are alike by chance go anywhere."""
        if not self.may_move or self._fit is None:
            return 0.0 if self.is_clear else float("inf")
        rest, mean = self._flow(self._trust)
        size = np.linalg.norm(rest - mean, axis=-1)
        return float((self._trust * size).sum() / self._trust.sum())

    @property
    def parallax(self) -> float:
        """Mean displacement that blocks share with their neighbours, in pixels of the canvas.

        That of another point of view, where near things move against far ones. Only blocks
        that are surely alike have a say, those under an overlay move by chance; and a move
        counts for what it gains, as a smooth block is nearly as alike beside its place.
        """
        sure = self.weight * ((self.elastic - 0.7) / 0.2).clip(0, 1)
        if not self.may_move or (sure > 0.1).sum() < 12:
            return 0.0
        _, mean = self._flow(sure)
        gain = ((self.elastic - self.rigid) / 0.2).clip(0, 1)
        return float((sure * gain * np.linalg.norm(mean, axis=-1)).sum() / sure.sum())

    def _flow(self, trust: Floats) -> tuple[Matrix, Matrix]:
        """Displacements less their second-order fit, and the means of 3 x 3 blocks of these.

        Perspective and lenses bend a picture too: the second order takes them away.
        """
        x, y = (self.centres.reshape(-1, 2) / self.centres.max() - 0.5).astype(np.float64).T
        places = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y])
        shift = self.displacement.reshape(-1, 2).astype(np.float64)
        fit, _ = _robust_fit(places, shift, trust.ravel().astype(np.float64))
        rest = (shift - places @ fit).reshape(self.displacement.shape)
        total = _neighbourhood(trust) + 1e-6
        means = [_neighbourhood(trust * rest[..., i]) / total for i in (0, 1)]
        return rest, np.stack(means, axis=-1)

    @cached_property
    def _trust(self) -> Floats:
        trust: Floats = self.weight * np.maximum(self.elastic - 0.4, 0)
        return trust

    @cached_property
    def _fit(self) -> tuple[Matrix, float] | None:
        """The correction, and the mean displacement that it leaves."""
        trust = self._trust.ravel().astype(np.float64)
        if (trust > 0.02).sum() < 6:
            return None
        places = np.column_stack([self.centres.reshape(-1, 2), np.ones(trust.size)])
        shift = self.displacement.reshape(-1, 2).astype(np.float64)
        fit, error = _robust_fit(places, shift, trust)
        matrix = np.eye(3)
        matrix[:2] += fit.T
        return matrix, float((trust * error).sum() / trust.sum())

    @property
    def is_clear(self) -> bool:
        """Whether the pictures are so alike in place that no displacement need be looked for."""
        total = max(float(self.weight.sum()), 1e-6)
        return float((self.weight * self.rigid).sum()) > 0.92 * total

    @property
    def is_settled(self) -> bool:
        """Whether a correction is not worth while: too small, or the blocks want to scatter."""
        if self._fit is None:
            return True
        matrix, left = self._fit
        far = self.centres.reshape(-1, 2)[[0, -1]]
        moves = far @ (matrix[:2, :2] - np.eye(2)).T + matrix[:2, 2]
        return left > _SCATTERED or bool(np.abs(moves).max() < _STILL)

    def swapped(self) -> "Blocks":
        """The same with a and b exchanged; displacements stay as they were measured."""
        return replace(
            self,
            mean_a=self.mean_b,
            mean_b=self.mean_a,
            spread_a=self.spread_b,
            spread_b=self.spread_a,
            texture_a=self.texture_b,
            texture_b=self.texture_a,
        )


def _alike(likeness: Floats) -> Floats:
    """1 for windows that are surely alike, 0 for those that surely are not."""
    alike: Floats = ((likeness - 0.3) / 0.4).clip(0, 1)
    return alike


def _robust_fit(places: Matrix, shift: Matrix, trust: Matrix) -> tuple[Matrix, Matrix]:
    """Least squares, reweighted so that blocks alike by chance lose their say; and its errors."""
    weight = trust
    for _ in range(3):
        weighted = (places * weight[:, None]).T
        fit = np.linalg.solve(weighted @ places + 1e-6 * np.eye(len(weighted)), weighted @ shift)
        error = np.linalg.norm(shift - places @ fit, axis=1)
        weight = trust / (1 + (error / 0.5) ** 2)
    return fit, error


def _neighbourhood(values: Floats) -> Floats:
    """Sums over 3 x 3 blocks."""
    rows, columns = values.shape
    padded = np.zeros((rows + 2, columns + 2), values.dtype)
    padded[1:-1, 1:-1] = values
    high = padded[:-2] + padded[1:-1] + padded[2:]
    sums: Floats = high[:, :-2] + high[:, 1:-1] + high[:, 2:]
    return sums
