"""Find exact and near-duplicate images: `find_duplicates("photos/")`."""

from dedup._discover import Skipped
from dedup._duplicates import Duplicates
from dedup._evidence import Evidence
from dedup._explanation import Explanation, explain
from dedup._find import find_duplicates
from dedup._groups import Group
from dedup._index import Check, ImageIndex, Match
from dedup._ingest import Added
from dedup.pipelines.errors import (
    CollectionMismatch,
    DecodeError,
    DedupError,
    InputError,
    ModelError,
    OperatorError,
    StoreError,
    StoreUnavailable,
)

__all__ = [
    "Added",
    "Check",
    "CollectionMismatch",
    "DecodeError",
    "DedupError",
    "Duplicates",
    "Evidence",
    "Explanation",
    "Group",
    "ImageIndex",
    "InputError",
    "Match",
    "ModelError",
    "OperatorError",
    "Skipped",
    "StoreError",
    "StoreUnavailable",
    "explain",
    "find_duplicates",
]
