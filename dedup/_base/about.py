"""What is installed. The distribution has a name of its own: `dedup` on PyPI is another's."""

from importlib.metadata import version
from typing import Final

__all__ = ["DISTRIBUTION", "__version__"]

DISTRIBUTION: Final = "dedup-vision"
"""What pip calls it."""

__version__ = version(DISTRIBUTION)
