"""Damaged files are rows of `skipped`, never what is kept; sound ones that look odd are read."""

import io

import handmade
import numpy as np
import pytest
from encoded import jpeg, saved
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import dedup
from dedup.pipelines.images.decoding import decode

END = b"\xff\xd9"


def overwritten(data, share):
    place = round(len(data) * share)
    foreign = bytes(byte ^ (7 * number % 255) for number, byte in enumerate(data[place:][:60], 1))
    return data[:place] + foreign + data[place + 60 :]


def zeros_before_the_end(data, share):
    place = round(len(data) * share)
    return data[:place] + bytes(len(data) - place - 2) + END


def closed_too_early(data, share):
    return data[: round(len(data) * share)] + END


def broken_off(data, share):
    return data[: round(len(data) * share)]


def found_in(folder):
    found = dedup.find_duplicates(folder, method="phash", cache=False)
    reasons = {row.path.rsplit("/", 1)[-1]: row.reason for row in found.skipped.itertuples()}
    groups = [sorted(path.rsplit("/", 1)[-1] for path in group.paths) for group in found.groups]
    return groups, reasons


@pytest.mark.parametrize(
    ("damage", "settings"),
    [
        (overwritten, {}),
        (zeros_before_the_end, {}),
        (closed_too_early, {}),
        (broken_off, {}),
        (zeros_before_the_end, {"progressive": True}),
        (closed_too_early, {"progressive": True}),
        (broken_off, {"progressive": True}),
    ],
)
def test_a_damaged_jpeg_is_skipped_and_the_sound_ones_are_compared(
    photos, tmp_path, damage, settings
):
    sound = jpeg(photos["coffee"], **settings)
    (tmp_path / "sound.jpg").write_bytes(sound)
    (tmp_path / "also sound.png").write_bytes(saved(photos["coffee"], "PNG"))
    for share in (0.4, 0.7, 0.9):
        # Longer than the sound one: a recovery tool has padded it to whole clusters.
        (tmp_path / f"damaged {share}.jpg").write_bytes(damage(sound, share) + bytes(16384))
    groups, reasons = found_in(tmp_path)
    assert groups == [["also sound.png", "sound.jpg"]]
    assert len(reasons) == 3
    assert all(reason.startswith("damaged image: ") for reason in reasons.values())


@pytest.mark.parametrize("colours", ["L", "CMYK"])
def test_grey_and_ink_jpegs_are_looked_at_too(photos, colours):
    sound = jpeg(photos["coffee"].convert(colours))
    decode(sound)
    with pytest.raises(dedup.DecodeError, match="damaged image"):
        decode(closed_too_early(sound, 0.5))


@given(share=st.floats(0.1, 1), short_side=st.sampled_from([None, 32]))
def test_a_jpeg_that_is_closed_too_early_is_never_another_picture(photos, share, short_side):
    sound = jpeg(photos["coffee"])
    try:
        seen = decode(closed_too_early(sound, share), short_side=short_side).image
    except dedup.DecodeError:
        return
    assert np.array_equal(seen, decode(sound, short_side=short_side).image)


@pytest.mark.parametrize("damage", [overwritten, broken_off])
def test_a_damaged_png_is_skipped(photos, tmp_path, damage):
    sound = saved(photos["coffee"], "PNG")
    (tmp_path / "sound.png").write_bytes(sound)
    (tmp_path / "also sound.jpg").write_bytes(jpeg(photos["coffee"]))
    for share in (0.1, 0.33, 0.5, 0.8):
        (tmp_path / f"damaged {share}.png").write_bytes(damage(sound, share))
    groups, reasons = found_in(tmp_path)
    assert groups == [["also sound.jpg", "sound.png"]]
    assert len(reasons) == 4


@given(place=st.integers(0, 10_000), foreign=st.binary(min_size=1, max_size=64))
def test_no_byte_of_the_picture_of_a_png_changes_unseen(pngs, place, foreign):
    for sound in pngs:
        start = sound.index(b"IDAT") + 4
        place = start + place % (len(sound) - start - 16 - len(foreign))
        changed = sound[:place] + foreign + sound[place + len(foreign) :]
        if changed != sound:
            with pytest.raises(dedup.DecodeError):
                decode(changed)


@pytest.fixture(scope="module")
def pngs(photos):
    small = photos["coffee"].resize((60, 40))
    return [saved(small, "PNG"), handmade.png(np.asarray(small), interlaced=True)]


def test_a_damaged_png_in_an_icon_is_noticed(photos):
    sound = saved(photos["coffee"].resize((256, 256)), "ICO", sizes=[(256, 256)])
    decode(sound)
    with pytest.raises(dedup.DecodeError, match="damaged image"):
        decode(overwritten(sound, 0.5))


def test_damaged_metadata_do_not_matter(photos):
    assert decode(jpeg(photos["coffee"], exif=b"Exif\0\0" + b"?" * 300)).width == 300
    assert decode(jpeg(photos["coffee"], icc_profile=b"?" * 100_000)).width == 300


def test_a_jpeg_that_lacks_no_more_than_its_end_marker_is_whole(photos, tmp_path):
    sound = jpeg(photos["coffee"])
    (tmp_path / "sound.jpg").write_bytes(sound)
    (tmp_path / "without end.jpg").write_bytes(sound.removesuffix(END))
    (tmp_path / "half an end.jpg").write_bytes(sound[:-1])
    (tmp_path / "film behind it.jpg").write_bytes(sound + b"\0\0\0\x18ftypmp42" + bytes(9999))
    groups, reasons = found_in(tmp_path)
    assert reasons == {}
    assert [len(group) for group in groups] == [4]


def test_a_jpeg_is_seen_as_pillow_sees_it(photos):
    for mode in ("RGB", "L", "CMYK"):
        for settings in ({}, {"subsampling": 0}, {"progressive": True}):
            data = jpeg(photos["coffee"].convert(mode), **settings)
            shown = Image.open(io.BytesIO(data)).convert("RGB")
            assert np.array_equal(decode(data).image, np.asarray(shown))


def with_scans(image, scans):
    """A progressive JPEG with its last scan repeated."""
    data = jpeg(image, progressive=True)
    last = data[data.rindex(b"\xff\xc4", 0, data.rindex(b"\xff\xda")) : -2]
    return data[:-2] + last * (scans - data.count(b"\xff\xda")) + END


def test_a_jpeg_of_too_many_scans_is_skipped(photos, tmp_path):
    (tmp_path / "many.jpg").write_bytes(with_scans(photos["coffee"], 101))
    (tmp_path / "pictures.jpg").write_bytes(jpeg(photos["coffee"]) * 120)  # the first one counts
    _, reasons = found_in(tmp_path)
    assert reasons == {"many.jpg": "a JPEG of more than 100 scans, which is not read"}
