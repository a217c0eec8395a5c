"""Towhee, imported without what its import does to the log of the application."""

from dedup.pipelines.logs import handlers_kept

with handlers_kept():
    from towhee import ops, pipe, register
    from towhee.operator import PyOperator, SharedType
    from towhee.runtime.operator_manager.operator_registry import OperatorRegistry
    from towhee.types import Image

__all__ = ["Image", "OperatorRegistry", "PyOperator", "SharedType", "ops", "pipe", "register"]
