"""Small networks for tests, written by OpenVINO: a grid of mean colours as embedding."""

import numpy as np
import openvino
from openvino import opset13 as ops

SIDE = 64
CELLS = 8


def grid(path, *, layout="NCHW", kind="float32", batch=-1, side=SIDE, outputs=("embedding",)):
    """Save a network whose embedding is a picture's 8 x 8 cells, less their mean.

    Of a black picture that is zero. `side` of -1 takes any size that 8 divides.
    """
    shape = [batch, 3, side, side] if layout == "NCHW" else [batch, side, side, 3]
    picture = ops.parameter(shape, getattr(np, kind), name="picture")
    picture.output(0).set_names({"picture"})
    numbers = picture if kind == "float32" else ops.convert(picture, "f32")
    if layout == "NHWC":
        numbers = ops.transpose(numbers, np.array([0, 3, 1, 2]))
    cells = ops.adaptive_avg_pool(numbers, np.array([CELLS, CELLS]))
    vectors = ops.reshape(cells, np.array([0, 3 * CELLS * CELLS]), special_zero=True)
    centred = ops.subtract(vectors, ops.reduce_mean(vectors, np.array([1]), keep_dims=True))
    mean = ops.reduce_mean(numbers, np.array([2, 3]), keep_dims=True)
    known = {"embedding": centred, "map": cells, "point": mean, "colour": ops.squeeze(mean, [2, 3])}
    results = []
    for name in outputs:
        output = ops.result(known[name])
        output.input(0).get_source_output().set_names({name})
        results.append(output)
    openvino.save_model(openvino.Model(results, [picture]), path, compress_to_fp16=False)
    return path


def embedding(pixels):
    """What `grid` gives for a square picture: shape (192,), of unit length."""
    side = len(pixels) // CELLS
    cells = pixels.astype(np.float64).reshape(CELLS, side, CELLS, side, 3).mean(axis=(1, 3))
    vector = cells.transpose(2, 0, 1).reshape(-1)
    vector -= vector.mean()
    return vector / np.linalg.norm(vector)
