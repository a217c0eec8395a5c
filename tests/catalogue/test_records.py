"""A record comes back from Milvus as it went in, whatever the path."""

import os
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dedup
from dedup._catalogue.record import Record, path_key

paths = (
    st.binary(min_size=1, max_size=300).filter(lambda raw: b"\0" not in raw).map(os.fsdecode)
    if os.name == "posix"
    else st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)
).map(lambda name: os.sep + name)


@given(path=paths, thumbnail=st.binary(min_size=64, max_size=64), mtime=st.integers(0, 2**62))
def test_record_survives_its_row(path, thumbnail, mtime):
    record = Record(
        path=path,
        size=3,
        mtime_ns=mtime,
        digest="d" * 32,
        format="PNG",
        width=640,
        height=480,
        thumbnail=thumbnail,
        copy_of=7,
    )
    row = record.row()
    row["path"].encode()  # valid UTF-8
    assert Record.from_row(row) == record


@pytest.mark.thorough
@settings(max_examples=500)
@given(path=paths)
def test_key_is_a_positive_63_bit_number(path):
    assert 0 < path_key(path) < 2**63
    assert path_key(path) == path_key(path)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are any bytes on Linux only")
def test_paths_of_any_bytes_and_of_4000_characters_are_stored(tmp_path, photos):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9 \n\xff'\"\\.png")
    photos["coffee"].save(odd)
    folder = tmp_path
    while len(str(folder)) < 3_900:
        folder /= "f" * min(200, 4_000 - len(str(folder)))
    folder.mkdir(parents=True)
    long = str(folder / "rocket.png")
    photos["rocket"].save(long)
    with dedup.ImageIndex(tmp_path / "index.db", method="sscd-fast") as index:
        assert [file.path for file in index.add([odd, long]).files] == sorted([odd, long])
    with dedup.ImageIndex(tmp_path / "index.db", method="sscd-fast") as index:
        assert index.add([odd, long]).unchanged == 2
        assert index.check(odd).matches[0].path == odd
        assert index.check(long).matches[0].path == long
