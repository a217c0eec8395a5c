"""What can go wrong, as exceptions that say what they concern and the way out.

DedupError
├── InputError          what was asked for can't be done: a missing path, an empty folder, ...
├── MissingExtra        an optional package is not installed; names the command
├── DecodeError         one image can't be read; in a run it becomes a row of `found.skipped`
├── ModelError          a model without its weights, or an unknown name
├── JournalError        a journal can't be written or read; without it no file is touched
├── OperatorError       a pipeline names an operator that is not registered here
└── StoreError          Milvus did not do what was asked
    ├── StoreUnavailable    no answer, a wrong token, or a file that another process holds
    └── CollectionMismatch  a collection that was made with another model
"""

__all__ = [
    "CollectionMismatch",
    "DecodeError",
    "DedupError",
    "InputError",
    "JournalError",
    "MissingExtra",
    "ModelError",
    "OperatorError",
    "StoreError",
    "StoreUnavailable",
]


class DedupError(Exception):
    """Base of every error that this library raises on purpose."""


class InputError(DedupError, ValueError):
    """What was asked for can't be done with what was given."""


class MissingExtra(DedupError, ImportError):
    """An optional package is not installed; names the command that installs it."""


class DecodeError(DedupError):
    """One image can't be read: the reason; of `explain` and `mark` after the path."""


class JournalError(DedupError):
    """The journal of a plan can't be written or read, or another process is at work on it."""


class ModelError(DedupError):
    """A model is unknown, or its weights are not installed."""


class OperatorError(DedupError):
    """A pipeline names a Towhee operator that is not registered in this process."""


class StoreError(DedupError):
    """Milvus did not do what was asked."""


class StoreUnavailable(StoreError):
    """Milvus can't be reached, refuses the token, or its file is held by another process."""


class CollectionMismatch(StoreError):
    """A collection holds embeddings of another model, preprocessing or layout."""
