"""Damaged and hostile archives cost a row with a reason: nothing is followed, or taken for more."""

import contextlib
import os
import random
import stat
import struct
import sys
import tarfile
import zipfile

import pandas as pd
import pytest
from archive_files import found_in, of_kind, tar_of, zip_of
from encoded import jpeg

import dedup
from dedup._catalogue.discover import discover
from dedup.pipelines.images import limits
from dedup.pipelines.images.decoding import decode


def test_names_that_lead_out_links_devices_and_doubles_are_left_out_and_never_followed(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    archive = tar_of(
        tmp_path / "bad.tar",
        [
            ("../secret.jpg", b"a"),
            ("ok/../../secret.jpg", b"a"),
            ("/etc/passwd", b"a"),
            ("twice.jpg", b"a"),
            ("./twice.jpg", b"b"),
            (of_kind("soft.jpg", tarfile.SYMTYPE, "../secret.jpg"), b""),
            (of_kind("hard.jpg", tarfile.LNKTYPE, "good.jpg"), b""),
            (of_kind("pipe.jpg", tarfile.FIFOTYPE), b""),
            (of_kind("disk.jpg", tarfile.BLKTYPE), b""),
            (os.fsdecode(b"caf\xe9.jpg"), b"a"),
            (of_kind("folder", tarfile.DIRTYPE), b""),
            ("./good.jpg", b"a"),
        ],
    )
    names, reasons = found_in(archive)
    assert names == ["good.jpg"]
    out, link = "a name that leads out of the archive", "a link inside an archive (not followed)"
    assert reasons == {
        "../secret.jpg": out,
        "ok/../../secret.jpg": out,
        "/etc/passwd": out,
        "twice.jpg": "a name that is in the archive twice",
        "soft.jpg": link,
        "hard.jpg": link,
        "pipe.jpg": "not a regular file",
        "disk.jpg": "not a regular file",
        os.fsdecode(b"caf\xe9.jpg"): "a name in an archive that is not UTF-8",
    }
    for name in ("soft.jpg", "hard.jpg", "twice.jpg", "disk.jpg"):
        with pytest.raises(dedup.DecodeError, match=r"link|twice|not a regular file"):
            decode(f"{archive}/{name}")


def test_zip_links_encrypted_and_oddly_compressed_members_are_left_out(tmp_path):
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = zip_of(
        tmp_path / "bad.zip", [(link, "/etc/passwd"), ("../up.jpg", b"a"), ("good.jpg", b"a")]
    )
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_LZMA) as opened:
        opened.writestr("lzma.jpg", b"a" * 99)
        opened.writestr("locked.jpg", b"a", zipfile.ZIP_STORED)
    data = bytearray(archive.read_bytes())
    entry = data.rindex(b"PK\1\2")
    data[entry + 8] |= 1  # the flag of an encrypted one
    archive.write_bytes(data)
    names, reasons = found_in(archive)
    assert names == ["good.jpg"]
    assert reasons == {
        "link.jpg": "a link inside an archive (not followed)",
        "../up.jpg": "a name that leads out of the archive",
        "lzma.jpg": "compressed in a way that is not read: unpack it",
        "locked.jpg": "encrypted: unpack it",
    }


@pytest.mark.thorough
def test_bombs_are_left_out_by_what_they_declare_and_never_unpacked_beyond_it(tmp_path):
    archive = zip_of(tmp_path / "bomb.zip", [("bomb.jpg", bytes(limits.LARGEST + 1))])
    assert archive.stat().st_size < 1_000_000
    assert found_in(archive) == (
        [],
        {"bomb.jpg": "more than 256 MB inside an archive: unpack it"},
    )
    liar = zip_of(tmp_path / "liar.zip", [("liar.jpg", bytes(50_000_000))])
    data = bytearray(liar.read_bytes())
    entry = data.rindex(b"PK\1\2")
    data[entry + 24 : entry + 28] = struct.pack("<I", 1_000)  # the size when unpacked
    liar.write_bytes(data)
    with pytest.raises(dedup.DecodeError, match="not what its directory says"):
        decode(f"{liar}/liar.jpg")


def test_memory_that_a_header_asks_for_is_not_taken(tmp_path):
    header = of_kind("paxheader", tarfile.XHDTYPE)
    header.size = 1 << 33
    (tmp_path / "long.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    found = discover(tmp_path / "long.tar")
    assert [one.reason for one in found.skipped] == ["damaged archive: a header that is too long"]


def test_damaged_archives_are_left_out_as_a_whole_with_the_reason(tmp_path):
    files = [("a.jpg", bytes(9_000)), ("b.jpg", bytes(9_000))]
    whole = {
        "tar": tar_of(tmp_path / "whole.tar", files).read_bytes(),
        "zip": zip_of(tmp_path / "whole.zip", files).read_bytes(),
    }
    (tmp_path / "cut.tar").write_bytes(whole["tar"][: len(whole["tar"]) // 2])
    (tmp_path / "cut.zip").write_bytes(whole["zip"][: len(whole["zip"]) // 2])
    (tmp_path / "two.tar").write_bytes(whole["tar"] * 2)
    (tmp_path / "none.tar").write_bytes(bytes(10_240))
    reasons = {}
    for name in ("cut.tar", "cut.zip", "two.tar", "none.tar"):
        found = discover(tmp_path / name)
        assert found.files == []
        reasons[name] = found.skipped[0].reason
    assert reasons.pop("none.tar") == "an archive that holds no file"
    assert reasons.pop("two.tar") == "damaged archive: something follows its end"
    assert all(reason.startswith("damaged archive: ") for reason in reasons.values())


def test_flipped_byte_in_a_zip_is_noticed(tmp_path, photos):
    archive = zip_of(
        tmp_path / "a.zip", [("a.jpg", jpeg(photos["coffee"]))], compression=zipfile.ZIP_STORED
    )
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    with pytest.raises(dedup.DecodeError, match="not what its directory says"):
        decode(f"{archive}/a.jpg")


@pytest.mark.parametrize("suffix", ["tar.gz", "tgz"])
def test_compressed_tar_is_left_out_with_the_reason(tmp_path, suffix):
    with tarfile.open(tmp_path / f"a.{suffix}", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a.jpg"))
    found = dedup.find_duplicates(tmp_path / f"a.{suffix}", method="phash", cache=False)
    assert found.skipped["reason"].tolist() == ["a compressed file: unpack it"]


def test_photo_that_is_called_an_archive_is_a_photo(tmp_path, photos):
    (tmp_path / "a.zip").write_bytes(jpeg(photos["coffee"]))
    found = dedup.find_duplicates(tmp_path / "a.zip", method="phash", cache=False)
    assert found.distinct == [str(tmp_path / "a.zip")]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_linked_archive_is_not_followed(tmp_path):
    archive = tar_of(tmp_path / "a.tar", [("a.jpg", b"a")])
    (tmp_path / "link.tar").symlink_to(archive)
    found = discover(tmp_path / "link.tar")
    assert [one.reason for one in found.skipped] == ["symbolic link (not followed)"]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["tar", "zip", "parquet"])
def test_any_damage_is_a_reason_and_no_crash(tmp_path, photos, kind, seed):
    data = jpeg(photos["coffee"].resize((20, 20)))
    whole = tmp_path / f"whole.{kind}"
    if kind == "parquet":
        pd.DataFrame({"image": [data, None, data]}).to_parquet(whole)
    else:
        make = {"tar": tar_of, "zip": zip_of}[kind]
        make(whole, [("a.jpg", data), ("\xe9" * 80 + ".jpg", data), ("sub/b.jpg", data)])
    chance = random.Random(seed)
    for number in range(60):
        edited = bytearray(whole.read_bytes())
        for _ in range(chance.choice([1, 3, 20])):
            edited[chance.randrange(len(edited))] = chance.randrange(256)
        end = chance.choice([len(edited), len(edited), chance.randrange(len(edited))])
        file = tmp_path / f"{number}.{kind}"
        file.write_bytes(edited[:end])
        found = discover(file)
        assert found.files or found.skipped
        assert all(one.reason and "\n" not in one.reason for one in found.skipped)
        for one in found.files:
            with contextlib.suppress(dedup.DecodeError):
                decode(one.path)
