"""The books of an `add` whose work is done elsewhere, by workers that may die at any moment."""

import shutil

import pytest

from dedup import pipelines
from dedup._catalogue.catalogue import Catalogue
from dedup._catalogue.digests import digest_or_reason
from dedup._catalogue.discover import discover
from dedup._catalogue.ledger import Ledger
from dedup.pipelines.models.methods import model
from dedup.pipelines.store.collection import Collection, connect


@pytest.fixture
def catalogue(tmp_path):
    """An index that holds nothing."""
    connection = connect(tmp_path / "index.db")
    yield Catalogue(Collection(connection, name="dedup"), model=model("phash"))
    connection.close()


def test_worker_that_dies_when_another_has_repeated_its_picture_loses_nothing(catalogue, folder):
    shutil.copy(folder / "camera.png", folder / "copy.png")
    first, other = (
        file for file in discover(folder).files if file.name.endswith(("camera.png", "copy.png"))
    )
    decoder = pipelines.decode(method="phash")
    ((decoded,),) = pipelines.call(decoder, [first.path], lambda: False).get()
    digest = digest_or_reason(first)
    ledger = Ledger(catalogue, model=model("phash"), token="")
    ledger.begin([first, other])
    assert ledger.claim([first], [digest]) == [first]
    assert ledger.claim([other], [digest]) == [other]  # the first was not decoded yet
    assert len(ledger.select([first], [decoded])) == 1
    assert ledger.select([other], [decoded]) == []
    # The first worker dies, and another does what it was at.
    assert ledger.claim([first], [digest]) == [first]
    (row,) = ledger.select([first], [decoded])
    store = pipelines.ingest(
        method="phash", uri=catalogue.collection.connection.uri, collection="dedup"
    )
    written, lost, *_ = pipelines.call(store, [row], [decoded.image]).get()
    ledger.stored(written, lost)
    assert str(ledger.finish()) == "1 embedded, 1 copy recognised, 0 unchanged, 0 skipped"
    catalogue.forget()
    assert {record.picture for record in catalogue.records.values()} == {row["id"]}
    assert len(catalogue.records) == 2
