"""What is said of the networks is said of them, and not of what they said before."""

import pytest


@pytest.fixture(autouse=True)
def each_time(seen_anew):
    """Each picture is embedded, each time."""
