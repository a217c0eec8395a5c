"""The tutorial's four Towhee operators, local: same names, no network, no hub; and the hash.

Called with one item they behave as the tutorial's do: one item in, one result out, an
exception where it fails. Called with a list they take a chunk: a chunk is one row of a
pipeline, so an image that fails must not fail the row, and its error comes back as a value.

Operators get plain settings, since Towhee copies what goes into a pipeline; they make their
clients and models themselves, and share them within the process.
"""

import os
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, overload

import numpy as np

from dedup._base.arrays import Pixels, Vectors
from dedup._base.threads import cores
from dedup.errors import DecodeError, StoreError
from dedup.pipelines.images.decoding import Decoded, ImageSource, decode
from dedup.pipelines.images.panels import largest_panel
from dedup.pipelines.models.hashes import phash
from dedup.pipelines.models.methods import EmbeddingModel, Method, PerceptualHash, engine, model
from dedup.pipelines.models.networks import NO_DIRECTION
from dedup.pipelines.quiet import Image, PyOperator, SharedType, register
from dedup.pipelines.store.collection import Collection, borrow

__all__ = [
    "AnnInsert",
    "AnnSearch",
    "ImageDecode",
    "PhashEmbedding",
    "SscdEmbedding",
    "TimmEmbedding",
]


class _Shareable(PyOperator):  # type: ignore[misc]
    """One instance serves all the threads of a pipeline."""

    @property
    def shared_type(self) -> Any:
        return SharedType.Shareable


@lru_cache(maxsize=1)
def _decoders() -> ThreadPoolExecutor:
    """Threads that decode side by side: Pillow works outside the interpreter's lock."""
    return ThreadPoolExecutor(max_workers=cores(), thread_name_prefix="dedup-decode")


if hasattr(os, "register_at_fork"):  # a process that is forked has the pool, but not its threads
    os.register_at_fork(after_in_child=_decoders.cache_clear)


@register(name="image-decode/cv2")
class ImageDecode(_Shareable):
    """`image_decode.cv2('rgb')`: decode images (with Pillow; the name is the tutorial's).

    Parameters
    ----------
    mode : {"rgb", "bgr"}
        Order of the colour channels.
    short_side : int, optional
        Reduce pictures to this many pixels on their short side.
    """

    def __init__(self, mode: str = "rgb", *, short_side: int | None = None) -> None:
        super().__init__()
        if mode.lower() not in ("rgb", "bgr"):
            raise ValueError(f"image_decode.cv2 knows the modes 'rgb' and 'bgr', not {mode!r}")
        self._mode = mode.lower()
        self._short_side = short_side

    @overload
    def __call__(self, source: ImageSource) -> Image: ...
    @overload
    def __call__(
        self, source: list[ImageSource], is_over: Callable[[], bool] = ...
    ) -> list[Decoded | DecodeError]: ...

    def __call__(
        self,
        source: ImageSource | list[ImageSource],
        is_over: Callable[[], bool] = lambda: False,
    ) -> Image | list[Decoded | DecodeError]:
        """A source is a path, a URL, the bytes of a file, or an image.

        One gives a `towhee.types.Image`; a list gives a `Decoded` or the error each. From when
        `is_over` says so, as its caller was interrupted, the rest of a list is not decoded.
        """
        if isinstance(source, list):
            return list(_decoders().map(partial(self._attempt, is_over=is_over), source))
        image = self._decode(source).image
        return Image(image if self._mode == "rgb" else image[:, :, ::-1], self._mode.upper())

    def _attempt(
        self, source: ImageSource, *, is_over: Callable[[], bool]
    ) -> Decoded | DecodeError:
        if is_over():
            return DecodeError("interrupted")
        try:
            return self._decode(source)
        except DecodeError as error:
            return error

    def _decode(self, source: ImageSource) -> Decoded:
        if isinstance(source, str) and source.startswith(("http://", "https://")):
            source = _fetched(source)
        return decode(source, short_side=self._short_side)


def _fetched(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            data: bytes = answer.read()
    except OSError as error:
        raise DecodeError(f"not downloaded: {error}") from error
    return data


@register(name="image-embedding/sscd")
class SscdEmbedding(_Shareable):
    """`image_embedding.sscd()`: embeddings of unit length, shape (512,), compared by cosine.

    Parameters
    ----------
    method : str or Method
        "sscd", the ResNet-50, or "sscd-fast", its small student; or a model of the user's, whose
        vectors have their own length.
    """

    def __init__(self, method: str | Method = "sscd") -> None:
        super().__init__()
        self._engine = engine(method)
        self._of_panels = isinstance(method, EmbeddingModel) and method.view == "panel"

    def __call__(self, images: Any) -> Vectors:
        """One image gives shape (512,); a list of n gives shape (n, 512).

        Of a list, a picture of which the network says nothing gives zeros.
        """
        several = isinstance(images, list)
        if self._of_panels:
            return self._panels(images) if several else self._panels([images])[0]
        if several:
            return self._engine(images)
        vector: Vectors = self._engine([np.asarray(images)])[0]
        if not vector.any():
            raise DecodeError(NO_DIRECTION)
        return vector

    def _panels(self, images: list[Pixels]) -> Vectors:
        """The embeddings of the largest photos on plain grounds; zeros where there is none."""
        boxes = [largest_panel(image) for image in images]
        parts = {
            number: images[number][box[1] : box[3], box[0] : box[2]]
            for number, box in enumerate(boxes)
            if box is not None
        }
        vectors = np.zeros((len(images), self._engine.dimension), np.float32)
        if parts:
            vectors[list(parts)] = self._engine(list(parts.values()))
        return vectors


@register(name="image-embedding/phash")
class PhashEmbedding(_Shareable):
    """`image_embedding.phash()`: 64-bit DCT hashes, as unit vectors of +1/8 and -1/8.

    Raises
    ------
    ModelError
        If the library ImageHash is not installed.
    """

    def __init__(self) -> None:
        super().__init__()
        PerceptualHash().require()

    def __call__(self, images: Any) -> Vectors:
        """One image gives shape (64,); a list of n gives shape (n, 64)."""
        if isinstance(images, list):
            return phash(images)
        vector: Vectors = phash([images])[0]
        return vector


@register(name="image-embedding/timm")
class TimmEmbedding(SscdEmbedding):
    """`image_embedding.timm(model_name=...)`: the tutorial's name for an embedding.

    Takes the names of the models whose weights are installed, and the tutorial's own "resnet50"
    where the environment variable DEDUP_RESNET50 names a file of ImageNet's weights: the
    tutorial's hub downloads them, here nothing is.
    """

    def __init__(
        self,
        model_name: str,
        num_classes: int = 1000,
        skip_preprocess: bool = False,
        device: str | None = None,
    ) -> None:
        del num_classes, skip_preprocess  # they concern heads and tensors that are not here
        super().__init__(model(model_name, device=device or "cpu"))


class _Milvus(_Shareable):
    """What both Milvus operators are made with.

    Parameters
    ----------
    host, port : str, int, optional
        A Milvus server.
    collection_name : str
        An existing collection.
    uri : str, optional
        Instead of host and port: a Milvus Lite file, or a server's address.
    token, user, password : str, optional
        Credentials of a server, or the API key of Zilliz Cloud.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        collection_name: str | None = None,
        *,
        uri: str | None = None,
        token: str = "",
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        super().__init__()
        if not collection_name:
            raise StoreError("ann_insert and ann_search need a collection_name")
        if uri is None:
            if host is None or port is None:
                raise StoreError("ann_insert and ann_search need a uri, or a host and a port")
            uri = f"http://{host}:{port}"
        if user is not None and not token:
            token = f"{user}:{password or ''}"
        self._uri, self._token, self._name = uri, token, collection_name
        borrow(uri, token=token)  # a wrong address is told when the pipeline is built

    @property
    def _collection(self) -> Collection:
        """Looked up for each call, since others may have closed the file in between."""
        return Collection(borrow(self._uri, token=self._token), name=self._name)


@register(name="ann-insert/milvus-client")
class AnnInsert(_Milvus):
    """`ann_insert.milvus_client(...)`: insert rows; a row's values in the collection's order."""

    def __call__(self, *row: Any) -> int:
        """A row's columns, or one list of row dictionaries; returns how many were written."""
        if len(row) == 1 and isinstance(row[0], list):
            return self._collection.upsert(row[0])
        collection = self._collection
        fields = collection.fields()
        names = [field["name"] for field in fields if not field.get("auto_id")]
        if len(row) != len(names):
            raise StoreError(f"a row has {len(row)} values, the collection {len(names)} fields")
        write = collection.upsert if len(names) == len(fields) else collection.insert
        return write([dict(zip(names, row, strict=True))])


@register(name="ann-search/milvus-client")
class AnnSearch(_Milvus):
    """`ann_search.milvus_client(...)`: the nearest rows of a vector.

    Parameters
    ----------
    limit : int
        Hits for each vector.
    output_fields : list of str, optional
        Fields to return beside id and score.
    where : str, optional
        Milvus filter expression.
    """

    def __init__(
        self,
        *connection: Any,
        limit: int = 10,
        output_fields: Sequence[str] = (),
        where: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(*connection, **settings)
        self._limit = limit
        self._fields = list(output_fields)
        self._where = where

    def __call__(self, vectors: Any) -> list[Any]:
        """One vector gives its hits, `[id, score, *output_fields]` each; n vectors give n lists."""
        several = np.asarray(vectors, np.float32)
        collection = self._collection
        collection.load()
        found = collection.hits(
            np.atleast_2d(several), limit=self._limit, where=self._where, fields=self._fields
        )
        answers = [
            [[hit["id"], hit["score"], *(hit[name] for name in self._fields)] for hit in hits]
            for hits in found
        ]
        return answers if several.ndim == 2 else answers[0]
