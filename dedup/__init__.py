"""Find exact and near-duplicate images: `find_duplicates("photos/")`."""

from dedup import labels, metrics, plots
from dedup._applied import Applied
from dedup._calibrate import Calibration, calibrate
from dedup._check import Check, Match
from dedup._choices import Choices
from dedup._discover import Skipped
from dedup._duplicates import Duplicates
from dedup._evidence import Evidence
from dedup._explanation import Explanation, explain
from dedup._find import find_duplicates
from dedup._from_milvus import VectorDuplicates, from_milvus
from dedup._groups import Group
from dedup._index import ImageIndex
from dedup._ingest import Added, Refused
from dedup._plan import Plan
from dedup._scored import ScoredPairs, score_pairs
from dedup._stats import Stats
from dedup._tail import FalsePairs
from dedup._threshold import Estimate, Threshold
from dedup._tune import sweep, tune
from dedup._undo import purge, undo
from dedup.labels import Labels, make_labelled
from dedup.pipelines.errors import (
    CollectionMismatch,
    DecodeError,
    DedupError,
    InputError,
    JournalError,
    MissingExtra,
    ModelError,
    OperatorError,
    StoreError,
    StoreUnavailable,
)
from dedup.pipelines.storage import Storage

__all__ = [
    "Added",
    "Applied",
    "Calibration",
    "Check",
    "Choices",
    "CollectionMismatch",
    "DecodeError",
    "DedupError",
    "Duplicates",
    "Estimate",
    "Evidence",
    "Explanation",
    "FalsePairs",
    "Group",
    "ImageIndex",
    "InputError",
    "JournalError",
    "Labels",
    "Match",
    "MissingExtra",
    "ModelError",
    "OperatorError",
    "Plan",
    "Refused",
    "ScoredPairs",
    "Skipped",
    "Stats",
    "Storage",
    "StoreError",
    "StoreUnavailable",
    "Threshold",
    "VectorDuplicates",
    "calibrate",
    "explain",
    "find_duplicates",
    "from_milvus",
    "labels",
    "make_labelled",
    "metrics",
    "plots",
    "purge",
    "score_pairs",
    "sweep",
    "tune",
    "undo",
]
