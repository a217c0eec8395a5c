"""What is known of a Milvus collection before it is read: its key, its vectors, their index."""

from dataclasses import dataclass

from dedup.pipelines.store.storage import Index
from dedup.pipelines.store.vector_formats import Format

__all__ = ["Layout"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a collection holds what.

    Attributes
    ----------
    id_field, vector_field : str
        The primary key, and the vectors that are searched.
    dimension : int
        Length of a vector.
    format : Format
        How its field holds it.
    index : Index
    has_text_ids : bool
        Whether ids are texts instead of numbers.
    properties : dict of str to str
        Those that `dedup` gave it; empty if it is another's.
    """

    id_field: str
    vector_field: str
    dimension: int
    format: Format
    index: Index
    has_text_ids: bool
    properties: dict[str, str]
