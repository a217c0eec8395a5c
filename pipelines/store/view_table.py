"""The embeddings of other views of pictures, beside the collection of images.

Collections of their own: an index that was made without them stays what it is.
"""

from collections.abc import Mapping, Sequence

from dedup._base.arrays import Vectors
from dedup._base.views import View
from dedup.pipelines.store.collection import Collection
from dedup.pipelines.store.connection import Connection
from dedup.pipelines.store.storage import Storage

__all__ = ["ViewTable", "view_name"]


def view_name(images: str, view: View) -> str:
    """The name of the collection of a view beside that of the images."""
    return f"{images}_{view}"


class ViewTable(Collection):
    """At most one row a picture: the id of its row among the images, and the vector.

    Parameters
    ----------
    connection : Connection
        Where it lives.
    images : str
        The name of the collection of images.
    view : {"small", "panel"}
        What its vectors show of the pictures.
    storage : Storage, optional
        As of the images.
    """

    def __init__(
        self, connection: Connection, *, images: str, view: View, storage: Storage | None = None
    ) -> None:
        super().__init__(connection, name=view_name(images, view), storage=storage)
        self.view = view

    def put(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Write vectors; those that are zero are left out."""
        rows = zip(ids, vectors, strict=True)
        self.upsert([{"id": key, "vector": vector} for key, vector in rows if vector.any()])

    def move(self, ids: Mapping[int, int]) -> None:
        """Let rows have other ids, as far as they are there; the old ones stay."""
        if ids:
            these = ", ".join(map(str, ids))
            rows = self.read(f"id in [{these}]", fields=["id", "vector"])
            self.upsert([{**row, "id": ids[row["id"]]} for row in rows])
