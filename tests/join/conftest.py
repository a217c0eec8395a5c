"""Collections to join."""

from functools import partial

import pytest
from joins import make

from dedup.pipelines.store.collection import connect


@pytest.fixture
def stored(tmp_path):
    """Makes collections in a Milvus Lite file."""
    connection = connect(tmp_path / "join.db")
    yield partial(make, connection)
    connection.close()


@pytest.fixture
def stored_anywhere(store):
    """Makes collections in a Milvus Lite file, and on a server."""
    connection = connect(store.uri, token=store.token)
    yield partial(make, connection)
    connection.close()
