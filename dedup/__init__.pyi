from . import distributed, labels, metrics, plots
from ._acting.applied import Applied
from ._acting.choices import Choices
from ._acting.plan import Plan
from ._acting.undo import purge, undo
from ._find import find_duplicates
from ._grouping.groups import Group
from ._indexing.check import Check, Match
from ._indexing.discover import Skipped
from ._indexing.index import ImageIndex
from ._indexing.ingest import Added, Refused
from ._indexing.stats import Stats
from ._results.duplicates import Duplicates
from ._searching.from_milvus import VectorDuplicates, from_milvus
from ._tuning.calibrate import Calibration, calibrate
from ._tuning.scored import ScoredPairs, score_pairs
from ._tuning.tail import FalsePairs
from ._tuning.threshold import Estimate, Threshold
from ._tuning.tune import sweep, tune
from ._verification.evidence import Evidence
from ._verification.explanation import Explanation, explain
from ._viewing.review import Review
from .labels import Labels, make_labelled
from .pipelines.errors import (
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
from .pipelines.own_models import Model
from .pipelines.storage import Storage

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
