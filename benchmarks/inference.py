"""Compare the engines that can run the weights: OpenVINO, which we use, and ONNX Runtime.

    python benchmarks/inference.py PHOTOS

Both get the same decoded photos and use all cores; best of three passes after a warm-up. Needs
onnxruntime.
"""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from dedup._base.arrays import Pixels, Vectors
from dedup.pipelines.images.decoding import decode
from dedup.pipelines.models.methods import MODELS, EmbeddingModel
from dedup.pipelines.models.openvino_engine import OpenVinoEngine


def images_a_second(embed: Callable[[], Vectors], images: int) -> tuple[float, Vectors]:
    """The best of three passes, and what it gave."""
    vectors = embed()
    spent = []
    for _ in range(3):
        start = time.perf_counter()
        embed()
        spent.append(time.perf_counter() - start)
    return images / min(spent), vectors


def embedded(session: onnxruntime.InferenceSession, batches: Sequence[Pixels]) -> Vectors:
    """What ONNX Runtime makes of batches."""
    return np.concatenate([session.run(None, {"image": batch})[0] for batch in batches])


def main(photos: Path) -> None:
    """Print images a second of both, their ratio, and how far the embeddings agree."""
    paths = [p for p in sorted(photos.iterdir()) if p.suffix.lower() in (".jpg", ".jpeg", ".png")]
    embedding_models = [model for model in MODELS.values() if isinstance(model, EmbeddingModel)]
    for model in embedding_models:
        images = [
            np.asarray(Image.fromarray(decode(p, short_side=model.size).image).resize(
                (model.size, model.size), Image.Resampling.BILINEAR))
            for p in paths
        ]  # fmt: skip
        batches = [np.stack(images[i : i + 16]) for i in range(0, len(images), 16)]
        session = onnxruntime.InferenceSession(model.weights_file())
        engine = OpenVinoEngine(model.network)
        ours, a = images_a_second(partial(engine, images), len(images))
        other, b = images_a_second(partial(embedded, session, batches), len(images))
        print(
            f"{model.method}: OpenVINO {ours:.1f} images/s, ONNX Runtime {other:.1f} images/s, "
            f"ratio {ours / other:.2f}; least cosine of the two {(a * b).sum(axis=1).min():.4f}"
        )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
