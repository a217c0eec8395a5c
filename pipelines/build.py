"""The declarative pipelines: what happens to an image, read from top to bottom.

One row is one chunk of images (a list), which keeps Towhee's overhead at a few microseconds
an image. Build a pipeline once and call it for every chunk.
"""

import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import dedup.pipelines.operators  # noqa: F401  registers the operators
from dedup import errors
from dedup._base.arrays import Vectors
from dedup.errors import OperatorError
from dedup.pipelines.models.methods import Method, model
from dedup.pipelines.quiet import OperatorRegistry, ops, pipe
from dedup.pipelines.store.collection import Row
from dedup.pipelines.store.view_table import view_name

__all__ = ["call", "compare_pair", "decode", "embed", "ingest", "output", "search"]


def output(pipeline: Any, *columns: str) -> Any:
    """Close a pipeline: `pipeline.output(*columns)`, but never from Towhee's network hub.

    Raises
    ------
    OperatorError
        If an operator is not registered in this process. Towhee itself would look for it in
        its hub, download its code and run pip.

    Examples
    --------
    >>> from towhee import ops, pipe
    >>> output(pipe.input("x").map("x", "y", ops.image_decode.cv3("rgb")), "y")
    Traceback (most recent call last):
        ...
    dedup.errors.OperatorError: no operator image_decode.cv3 ...
    """
    for node in pipeline.dag.values():
        info = node["op_info"]
        if info["type"] == "hub" and OperatorRegistry.resolve(info["operator"]) is None:
            name = info["operator"].replace("-", "_").replace("/", ".")
            known = sorted(
                n.replace("-", "_").replace("/", ".") for n in OperatorRegistry.op_names()
            )
            raise OperatorError(
                f"no operator {name} is registered here, and none is downloaded; "
                f"there are: {', '.join(known)}"
            )
    closed = _own_errors(pipeline.output, *columns)
    # A node gives its operator back when it is collected as garbage. Where that happens while the
    # same thread takes an operator, Towhee 1.1.3's own lock would wait for itself, for ever.
    closed._operator_pool._lock = threading.RLock()
    return closed


def call(pipeline: Any, *inputs: Any) -> Any:
    """Call a pipeline; an error of this library comes out as itself.

    Towhee raises a RuntimeError that holds the text of the original error's traceback.
    """
    return _own_errors(pipeline, *inputs)


def _own_errors(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except RuntimeError as failure:
        found = _OWN_ERROR.search(str(failure))
        if found is None or not hasattr(errors, found["name"]):
            raise
        raise getattr(errors, found["name"])(found["message"].strip()) from None


_OWN_ERROR = re.compile(r"^dedup\.errors\.(?P<name>\w+): (?P<message>.*)", re.M)


def decode(*, method: str | Method) -> Any:
    """From files to pictures, as far as a method needs them.

    Called with a list of images (paths, bytes, PIL images or arrays) and a function that says
    whether nobody waits any more, so that no further one is decoded (a function: a method would
    be copied with the pipeline); gives a list, a `Decoded` or the error each.
    """
    return output(
        pipe.input("sources", "is_over").map(("sources", "is_over"), "decoded", _decode(method)),
        "decoded",
    )


def ingest(
    *, method: str | Method, uri: str, collection: str, regions: bool = False, token: str = ""
) -> Any:
    """From pictures to rows in Milvus: embed, insert.

    Parameters
    ----------
    method : str or Method
        The embedding or hash, or its name, a key of `dedup.pipelines.models.methods.MODELS`.
    uri, collection, token : str
        Where the rows go; the collection must exist.
    regions : bool
        Whether the other views of the method go to the collections beside it.

    Returns
    -------
    towhee pipeline
        Called with a list of rows and one of their pictures; gives the rows that were written,
        those that were not, since their pictures have no embedding, and the vectors of all; then,
        if they are stored, those of each view.
    """
    place = {"uri": uri, "token": token}
    pipeline = (
        pipe.input("rows", "images")
        .map("images", "vectors", _embed(method))
        .map(("rows", "vectors"), ("complete", "written", "lost"), with_vectors)
    )
    views = {view.view: view for view in model(method).views} if regions else {}
    for name, view in views.items():
        beside = ops.ann_insert.milvus_client(collection_name=view_name(collection, name), **place)
        pipeline = (
            pipeline.map("images", name, _embed(view))
            .map(("rows", name), "rows_of_view", view_rows)
            .map("rows_of_view", "first", beside)
            # What a row is found by is there before the row is.
            .map(("complete", "first"), "complete", lambda rows, _: rows)
        )
    return output(
        pipeline.map(
            "complete", "stored", ops.ann_insert.milvus_client(collection_name=collection, **place)
        ),
        *("written", "lost", "vectors", *views),
    )


def embed(*, method: str | Method) -> Any:
    """From one image to its vector: decode, embed.

    Called with one image (path, bytes, PIL image or array); gives an array of unit length.
    """
    return output(
        pipe.input("source")
        .map("source", "image", _decode(method))
        .map("image", "vector", _embed(method)),
        "vector",
    )


def search(
    *,
    method: str | Method,
    uri: str,
    collection: str,
    token: str = "",
    limit: int = 10,
    where: str = "",
    fields: Sequence[str] = ("path",),
) -> Any:
    """From one image to its nearest rows in Milvus: decode, embed, search.

    Called with one image (path, bytes, PIL image or array); gives a list of
    `[id, cosine, *fields]`, best first.
    """
    return output(
        pipe.input("source")
        .map("source", "image", _decode(method))
        .map("image", "vector", _embed(method))
        .map(
            "vector",
            "hits",
            ops.ann_search.milvus_client(
                uri=uri,
                collection_name=collection,
                token=token,
                limit=limit,
                where=where,
                output_fields=list(fields),
            ),
        ),
        "hits",
    )


def compare_pair(*, method: str | Method = "sscd", threshold: float) -> Any:
    """The tutorial's pair comparison: one target image against a list of candidates.

    Called with (target, candidates); gives one row a candidate: its source, the L2 distance
    of the two embeddings, and whether that is at most `threshold`. For embeddings of unit
    length, distance = sqrt(2 - 2 * cosine).
    """
    embedding = _embed(method)
    return output(
        pipe.input("target", "candidates")
        .map("target", "target_image", ops.image_decode.cv2("rgb"))
        .map("target_image", "target_vector", embedding)
        .flat_map("candidates", "candidate", lambda candidates: candidates)
        .map("candidate", "image", ops.image_decode.cv2("rgb"))
        .map("image", "vector", embedding)
        .map(("target_vector", "vector"), "distance", lambda a, b: float(np.linalg.norm(a - b)))
        .map("distance", "duplicate", lambda distance: distance <= threshold),
        "candidate",
        "distance",
        "duplicate",
    )


def _decode(method: str | Method) -> Any:
    """The operator that decodes pictures as far as a method needs them."""
    return ops.image_decode.cv2("rgb", short_side=model(method).short_side)


def _embed(method: str | Method) -> Any:
    """The operator that makes the vectors of a method."""
    if model(method).network is None:
        return ops.image_embedding.phash()
    return ops.image_embedding.sscd(method)


def with_vectors(rows: list[Row], vectors: Vectors) -> tuple[list[Row], list[Row], list[Row]]:
    """Each row with its vector; then the same without, and the rows whose vector is zero."""
    complete, written, lost = [], [], []
    for row, vector in zip(rows, vectors, strict=True):
        if vector.any():
            complete.append({**row, "vector": vector})
            written.append(row)
        else:
            lost.append(row)
    return complete, written, lost


def view_rows(rows: list[Row], vectors: Vectors) -> list[Row]:
    """What is stored of a view of pictures: their ids and vectors, if these are not zero."""
    complete, _, _ = with_vectors([{"id": row["id"]} for row in rows], vectors)
    return complete
