"""Find exact and near-duplicate images: `find_duplicates("photos/")`."""

from dedup import distributed, labels, metrics, plots
from dedup._acting.applied import Applied
from dedup._acting.choices import Choices
from dedup._acting.plan import Plan
from dedup._acting.undo import purge, undo
from dedup._find import find_duplicates
from dedup._grouping.groups import Group
from dedup._indexing.check import Check, Match
from dedup._indexing.discover import Skipped
from dedup._indexing.index import ImageIndex
from dedup._indexing.ingest import Added, Refused
from dedup._indexing.stats import Stats
from dedup._results.duplicates import Duplicates
from dedup._searching.from_milvus import VectorDuplicates, from_milvus
from dedup._tuning.calibrate import Calibration, calibrate
from dedup._tuning.scored import ScoredPairs, score_pairs
from dedup._tuning.tail import FalsePairs
from dedup._tuning.threshold import Estimate, Threshold
from dedup._tuning.tune import sweep, tune
from dedup._verification.evidence import Evidence
from dedup._verification.explanation import Explanation, explain
from dedup._viewing.review import Review
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
from dedup.pipelines.own_models import Model
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
    "Model",
    "ModelError",
    "OperatorError",
    "Plan",
    "Refused",
    "Review",
    "ScoredPairs",
    "Skipped",
    "Stats",
    "Storage",
    "StoreError",
    "StoreUnavailable",
    "Threshold",
    "VectorDuplicates",
    "calibrate",
    "distributed",
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
