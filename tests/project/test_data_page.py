"""What docs/data.md shows runs."""

import os
import re
import tarfile
import zipfile
from pathlib import Path

import fsspec
import pandas as pd
import pytest

import dedup

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # read when `datasets` is imported
PAGE = Path(__file__).parents[2] / "docs" / "data.md"
EXAMPLES = dict(
    zip(
        re.findall(r"^## (.+)$", PAGE.read_text(), re.M),
        (re.findall(r"^```python\n(.*?)^```", part, re.M | re.S)
         for part in re.split(r"^## .+$", PAGE.read_text(), flags=re.M)[1:]),
        strict=True,
    )
)  # fmt: skip


@pytest.fixture
def at_home(tmp_path, photos, monkeypatch):
    """The files of which the page speaks; each photo is twice in each place."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    files = {}
    for split in ("train", "test"):
        for name, photo in list(photos.items())[:3]:
            path = tmp_path / "photos" / split / ("cats", "dogs")[split == "test"] / f"{name}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            photo.save(path, quality=95 if split == "train" else 80)
            files[f"{split}-{name}.jpg"] = path
    (tmp_path / "shards").mkdir()
    pd.DataFrame({"image": [path.read_bytes() for path in files.values()]}).to_parquet(
        "table.parquet"
    )
    with tarfile.open("shards/000.tar", "w") as tar, zipfile.ZipFile("more.zip", "w") as archive:
        for name, path in files.items():
            tar.add(path, name)
            archive.write(path, name)
    store = fsspec.filesystem("memory")
    store.put("photos", "/bucket/photos", recursive=True)
    yield {"dedup": dedup}
    store.rm("/bucket", recursive=True)


@pytest.mark.thorough
@pytest.mark.parametrize("title", EXAMPLES)
def test_examples_run(title, at_home):
    assert EXAMPLES[title]
    if "datasets" in "".join(EXAMPLES[title]):
        pytest.importorskip("datasets")
    for example in EXAMPLES[title]:
        exec(example.replace("s3://", "memory://"), at_home)
    if "found" in at_home:
        assert len(at_home["found"].groups) == 3
