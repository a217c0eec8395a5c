"""`method="phash"`: 64-bit DCT hashes in Milvus, and thresholds in bits that differ."""

import math
import sys
from pathlib import Path

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps
from pymilvus import DataType, MilvusClient

import dedup
from dedup._base.bits import cosines
from dedup._search.measure import MEASURES
from dedup.pipelines.images.decoding import decode
from dedup.pipelines.models import hashes
from dedup.pipelines.models.methods import PerceptualHash
from dedup.pipelines.store.vector_formats import pack, unpack

BITS = MEASURES["bits"]


def names(found):
    return {frozenset(Path(path).name for path in group.paths) for group in found.groups}


def by_name(found):
    """The rows of `found.pairs` by the names of their files."""
    return {
        frozenset((Path(row.a).name, Path(row.b).name)): row for row in found.pairs.itertuples()
    }


def own_hash(path):
    """ImageHash's hash of a file, decoded as the index decodes it."""
    return imagehash.phash(Image.fromarray(decode(path, short_side=64).image))


@pytest.fixture
def folder(folder, photos):
    """Six photos; copies of one that a hash finds, and of another that are beyond it."""
    (folder / "chelsea (1).jpg").write_bytes((folder / "chelsea.jpg").read_bytes())
    photos["chelsea"].resize((180, 120)).save(folder / "chelsea-small.png")
    photos["chelsea"].save(folder / "chelsea-40.jpg", quality=40)
    ImageOps.mirror(photos["coffee"]).save(folder / "coffee-mirrored.png")
    photos["coffee"].crop((90, 60, 270, 180)).save(folder / "coffee-cropped.png")
    return folder


COPIES = {"chelsea.jpg", "chelsea (1).jpg", "chelsea-small.png", "chelsea-40.jpg"}


@pytest.mark.parametrize("verify", [True, False])
def test_exact_resized_and_recompressed_copies_are_found(folder, verify):
    found = dedup.find_duplicates(folder, method="phash", verify=verify)
    assert names(found) == {frozenset(COPIES)}
    assert found.skipped.empty
    assert found.uncertain.empty


def test_mirrors_and_crops_have_other_hashes(folder):
    found = dedup.find_duplicates(folder, method="phash", verify=False, threshold=18)
    assert not any("coffee" in name for group in names(found) for name in group)


def test_pairs_tell_the_bits_and_the_similarity(folder):
    found = dedup.find_duplicates(folder, method="phash", verify=False, threshold=64)
    assert len(found.pairs) == math.comb(10, 2) + 1  # and one exact copy
    for pair in found.pairs.itertuples():
        assert pair.bits == own_hash(pair.a) - own_hash(pair.b)
        assert pair.similarity == 1 - pair.bits / 32
    exact = by_name(found)[frozenset({"chelsea.jpg", "chelsea (1).jpg"})]
    assert (exact.relation, exact.bits, exact.similarity) == ("exact", 0, 1)


@pytest.mark.thorough
def test_pairs_of_embeddings_have_no_bits(folder):
    assert dedup.find_duplicates(folder, method="sscd-fast").pairs["bits"].isna().all()


def test_hash_of_the_small_picture_is_that_of_the_file(folder):
    for path in folder.iterdir():
        assert own_hash(path) - imagehash.phash(Image.open(path)) <= 2


def test_threshold_is_the_most_bits_that_differ(folder):
    found = dedup.find_duplicates(folder, method="phash", verify=False, candidates=64)
    assert found.threshold == BITS.threshold
    assert repr(found).endswith("at threshold 8 bits")
    for bits in (0, 20, 30, 64):
        again = found.at(bits)
        fresh = dedup.find_duplicates(folder, method="phash", verify=False, threshold=bits)
        assert (again.threshold, fresh.threshold) == (bits, bits)
        assert again.to_dict() == fresh.to_dict()
        assert (again.pairs["bits"] <= bits).all()
    assert len(found.at(64).pairs) > len(found.at(30).pairs) > len(found.at(20).pairs)


def test_threshold_beyond_what_was_looked_at_says_what_to_do(folder):
    found = dedup.find_duplicates(folder, method="phash", verify=False, candidates=12)
    with pytest.raises(dedup.InputError, match=r"as far as 12 bits; .* with candidates=20"):
        found.at(20)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"verify": False, "threshold": 0.9}, "threshold=0.9: expected bits, 0 to 64, a whole"),
        ({"verify": False, "threshold": 65}, "threshold=65: expected bits, 0 to 64"),
        ({"verify": False, "threshold": -1}, "expected bits, 0 to 64"),
        ({"verify": False, "threshold": math.nan}, "expected bits, 0 to 64"),
        ({"candidates": 0.25}, "candidates=0.25: expected bits, 0 to 64"),
        ({"threshold": 8}, r"threshold=8: expected the score .*0 to 1 \(bits go with verify=False"),
        ({"method": "sscd", "verify": False, "threshold": 8}, "expected a cosine, 0 to 1"),
        ({"method": "sscd", "candidates": 18}, "expected a cosine, -1 to 1"),
    ],
    ids=str,
)
def test_wrong_unit_is_an_error_before_the_work(folder, cache_folder, settings, message):
    with pytest.raises(dedup.InputError, match=message):
        dedup.find_duplicates(folder, **{"method": "phash", **settings})
    assert list(cache_folder.glob("*.db")) == []


def test_candidates_are_in_bits_with_verification_too(folder, photos):
    edited = photos["coffee"].copy()
    ImageDraw.Draw(edited).rectangle((0, 0, 300, 50), "white")
    edited.save(folder / "coffee-captioned.png")
    distance = own_hash(folder / "coffee.png") - own_hash(folder / "coffee-captioned.png")
    pair = frozenset({"coffee.png", "coffee-captioned.png"})
    assert distance > BITS.threshold
    index = folder.parent / "index.db"
    for bits in (distance - 2, distance):
        found = dedup.find_duplicates(folder, method="phash", candidates=bits, index=index)
        assert (pair in by_name(found)) == (bits == distance)
        assert found.threshold == 0.5
    assert by_name(found)[pair].bits == distance
    assert by_name(found)[pair].score >= 0.5


def test_hashes_survive_reopening_and_the_index_answers_alike(store, folder):
    with dedup.ImageIndex(store.uri, token=store.token, method="phash") as index:
        assert index.add(folder).embedded == 10
        before = index.duplicates(verify=False, threshold=40)
    with dedup.ImageIndex(store.uri, token=store.token, method="phash") as index:
        assert index.add(folder).unchanged == 11
        after = index.duplicates(verify=False, threshold=40)
        assert after.to_dict() == before.to_dict()
        assert after.pairs.equals(before.pairs)
        assert len(after.pairs) > 20
        for pair in after.pairs.itertuples():
            assert pair.bits == own_hash(pair.a) - own_hash(pair.b)
        assert index.check(folder / "coffee.png", verify=False, threshold=0).relation == "exact"


def test_server_keeps_eight_bytes_a_hash_and_searches_by_hamming_distance(server, folder):
    with dedup.ImageIndex(server.uri, token=server.token, method="phash") as index:
        index.add(folder)
        name = index._catalogue.collection.name
    client = MilvusClient(server.uri, token=server.token)
    fields = {field["name"]: field for field in client.describe_collection(name)["fields"]}
    assert fields["vector"]["type"] == DataType.BINARY_VECTOR
    assert client.describe_index(name, "vector")["metric_type"] == "HAMMING"
    client.drop_collection(name)
    client.close()


@pytest.mark.parametrize("verify", [True, False])
def test_check_by_hash(tmp_path, folder, photos, spare_photo, verify):
    with dedup.ImageIndex(tmp_path / "a.db", method="phash") as index:
        index.add(folder)
        small = index.check(photos["rocket"].resize((150, 100)), verify=verify)
        assert small.relation == "near"
        assert small.matches[0].path == str(folder / "rocket.png")
        assert small.matches[0].similarity >= BITS.similarity_of(2)
        assert index.check(spare_photo, verify=verify).relation == "new"
        assert index.check(folder / "rocket.png", verify=verify).relation == "exact"


def test_check_takes_its_threshold_in_bits(tmp_path, folder, photos):
    with dedup.ImageIndex(tmp_path / "a.db", method="phash") as index:
        index.add(folder)
        asked = photos["coffee"].crop((6, 4, 294, 196))
        (match,) = index.check(asked, verify=False, threshold=18).matches
        bits = BITS.value_of(match.similarity)
        assert bits == imagehash.phash(asked) - own_hash(folder / "coffee.png") > 0
        assert index.check(asked, verify=False, threshold=bits).relation == "near"
        assert index.check(asked, verify=False, threshold=bits - 2).relation == "new"


def test_index_of_embeddings_is_refused_and_the_other_way_round(tmp_path):
    dedup.ImageIndex(tmp_path / "a.db", method="phash").close()
    with pytest.raises(dedup.CollectionMismatch, match="made with model 'pHash, 64 bits"):
        dedup.ImageIndex(tmp_path / "a.db", method="sscd-fast")
    dedup.ImageIndex(tmp_path / "b.db", method="sscd-fast").close()
    with pytest.raises(dedup.CollectionMismatch, match="not 'pHash, 64 bits"):
        dedup.ImageIndex(tmp_path / "b.db", method="phash")


PLAIN = ("flat-", "halves-", "ramp-")


def halves(tone, *, size):
    """A picture in two halves, one of them black."""
    image = Image.new("RGB", size, (tone, tone, tone))
    image.paste("black", (0, 0, size[0] // 2, size[1]))
    return image


@pytest.fixture
def plain(folder):
    """Beside the photos, pictures of one colour, in two halves, or of a gradient."""
    for tone in (40, 120, 200):
        Image.new("RGB", (300, 200), (tone, 0, 255 - tone)).save(folder / f"flat-{tone}.png")
        halves(tone, size=(300, 200)).save(folder / f"halves-{tone}.png")
    for end in (100, 250):
        ramp = np.tile(np.linspace(0, end, 300, dtype=np.uint8), (200, 1))
        Image.fromarray(ramp).save(folder / f"ramp-{end}.png")
    (folder / "flat-copy.png").write_bytes((folder / "flat-40.png").read_bytes())
    return folder


def test_pictures_that_a_hash_says_nothing_of_are_uncertain(plain):
    found = dedup.find_duplicates(plain, method="phash", verify=False)
    assert names(found) == {
        frozenset(COPIES),
        frozenset({"flat-40.png", "flat-copy.png"}),  # the same file twice
    }
    plain_ones = {path.name for path in plain.iterdir() if path.name.startswith(PLAIN)}
    uncertain = {Path(path).name for path in found.uncertain["path"]}
    assert uncertain == plain_ones - {"flat-copy.png"}
    assert (found.uncertain["candidates"] >= 1).all()


@pytest.mark.parametrize("verify", [True, False])
def test_check_of_a_plain_picture_knows_its_very_pixels_only(tmp_path, plain, verify):
    with dedup.ImageIndex(tmp_path / "a.db", method="phash") as index:
        index.add(plain)
        assert index.check(halves(90, size=(320, 240)), verify=verify).relation == "new"
        known = index.check(halves(120, size=(300, 200)), verify=verify)
        assert [match.path for match in known.matches] == [str(plain / "halves-120.png")]
        assert known.relation == "exact"


@pytest.mark.parametrize("name", ["camera", "coins", "rocket"])
def test_faint_photo_is_no_plain_picture(tmp_path, photos, name):
    faint = Image.blend(photos[name], Image.new("RGB", photos[name].size, "grey"), 0.8)
    faint.save(tmp_path / "a.png")
    faint.resize((200, 200)).save(tmp_path / "b.png")
    found = dedup.find_duplicates(tmp_path, method="phash", verify=False)
    assert names(found) == {frozenset({"a.png", "b.png"})}


@given(st.integers(0, 64))
def test_bits_become_similarity_and_back(bits):
    assert BITS.value_of(BITS.similarity_of(bits)) == bits
    assert BITS.value_of(float(np.float32(BITS.similarity_of(bits)))) == bits


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_cosine_of_two_hashes_is_exactly_that_of_their_distance(a, b):
    distance = (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()
    vectors = unpack([a, b])
    assert vectors.dtype == np.float32
    assert pack(vectors) == [a, b]
    cosine = vectors[0] @ vectors[1]
    assert cosine == cosines([distance], bits=64)[0] == BITS.similarity_of(distance)
    assert vectors[0] @ vectors[0] == 1


def test_hashes_are_those_of_imagehash(photos):
    images = [np.asarray(photo) for photo in photos.values()]
    vectors = hashes.phash(images)
    assert vectors.shape == (len(images), 64)
    for vector, photo in zip(vectors, photos.values(), strict=True):
        assert np.array_equal(vector > 0, imagehash.phash(photo).hash.reshape(-1))
    assert hashes.phash([]).shape == (0, 64)


def test_missing_library_names_the_command(folder, cache_folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagehash", None)
    with pytest.raises(dedup.ModelError, match=r'pip install "dedup-vision\[phash\]"'):
        dedup.find_duplicates(folder, method="phash")
    with pytest.raises(dedup.ModelError, match=r'pip install "dedup-vision\[phash\]"'):
        PerceptualHash().require()
    assert list(cache_folder.glob("*.db")) == []


def test_operator_has_one_item_or_several(photos):
    from towhee import ops, pipe

    from dedup.pipelines import call, output

    def run(item):
        pipeline = output(pipe.input("x").map("x", "y", ops.image_embedding.phash()), "y")
        return call(pipeline, item).get()[0]

    images = [np.asarray(photo) for photo in photos.values()]
    assert run(images).shape == (6, 64)
    assert np.array_equal(run(images[0]), run(images)[0])


def test_command_line_in_bits(folder, capsys):
    from dedup._cli.main import main

    for threshold, shown in (("8", "exact"), ("0.9", "expected bits, 0 to 64")):
        with pytest.raises(SystemExit) as end:
            main(["find", str(folder), "--method=phash", "--no-verify", "--threshold", threshold])
        out, err = capsys.readouterr()
        assert shown in out + err
        assert end.value.code == (1 if threshold == "8" else 2)
