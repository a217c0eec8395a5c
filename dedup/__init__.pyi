from . import distributed, labels, metrics, plots
from ._acting.applied import Applied
from ._acting.plan import Plan
from ._acting.undo import purge, undo
from ._base.about import __version__
from ._catalogue.added import Added, Refused
from ._catalogue.discover import Skipped
from ._duplicates import Duplicates
from ._grouping.groups import Group
from ._index.check import Check
from ._index.find import find_duplicates
from ._index.image_index import ImageIndex
from ._index.stats import Stats
from ._index.trial import Match
from ._results.choices import Choices
from ._scoring.calibrate import Calibration, calibrate
from ._scoring.score_pairs import score_pairs
from ._scoring.tune import sweep, tune
from ._search.from_embeddings import from_embeddings
from ._search.from_milvus import VectorDuplicates, from_milvus
from ._search.threshold import Estimate, Threshold
from ._tuning.scored_pairs import ScoredPairs
from ._tuning.tail import FalsePairs
from ._verification.evidence import Evidence
from ._viewing.explanation import Explanation, explain
from ._viewing.review import Review
from .errors import (
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
from .labels import Labels, make_labelled
from .pipelines.models.own_models import Model
from .pipelines.store.storage import Storage

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
    "__version__",
    "calibrate",
    "distributed",
    "explain",
    "find_duplicates",
    "from_embeddings",
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
