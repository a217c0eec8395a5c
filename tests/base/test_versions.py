"""What is kept of earlier runs has the version of the code that made it."""

import hashlib
import platform
import re
import sys
import tomllib
from dataclasses import asdict, replace
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from encoded import saved
from PIL import Image, ImageCms, ImageDraw

from dedup._base import versions
from dedup._base.versions import DECODING, EVIDENCE, version_of
from dedup._catalogue.record import SCHEMA, Record
from dedup._join.self_join import self_join
from dedup._verification.align import compare
from dedup._verification.coverage.coverage import coverage_of
from dedup._verification.coverage.layers import Layer, standings
from dedup._verification.features import extract
from dedup._verification.inside import outer_features, seen_inside
from dedup._verification.pictures import features_of
from dedup.data._reproduction import photographed
from dedup.data.lookalikes import make_lookalikes
from dedup.pipelines.images.decoding import decode
from dedup.pipelines.models.preprocessing import Preprocessing
from dedup.pipelines.store.collection import Collection, connect

PROJECT = Path(versions.__file__).parents[2] / "pyproject.toml"


def scene(size=(400, 300), *, seed=0):
    """A drawn picture with corners, edges and colours."""
    random = np.random.default_rng(seed)
    image = Image.new("RGB", size, (90, 140, 190))
    draw = ImageDraw.Draw(image)
    for _ in range(150):
        (left, top), (width, height) = random.integers(0, size), random.integers(8, 70, 2)
        box = [int(left), int(top), int(left + width), int(top + height)]
        colour = tuple(random.integers(0, 256, 3).tolist())
        [draw.rectangle, draw.ellipse][random.integers(2)](box, fill=colour)
    return image


def files():
    """Pictures whose pixels depend on formats, colours, transparency, orientation and frames."""
    image = scene((403, 301))
    turned = Image.Exif()
    turned[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    alpha = Image.linear_gradient("L").resize(image.size)
    white = Image.new("RGB", image.size, "white")
    deep = np.arange(301 * 403, dtype=np.uint16).reshape(301, 403)
    yield saved(image, "JPEG", quality=85, exif=turned, icc_profile=profile)
    yield saved(image, "JPEG", quality=85)[:-2_000]
    yield saved(image.convert("CMYK"), "JPEG", quality=95)
    yield saved(image.convert("LAB"), "TIFF")
    yield saved(image.convert("P"), "GIF", save_all=True, append_images=[white])
    yield saved(Image.merge("RGBA", [*image.split(), alpha]), "PNG")
    yield saved(Image.merge("RGBA", [*white.split(), alpha]), "PNG")
    yield saved(Image.fromarray(deep), "PNG")
    yield saved(image, "WEBP", lossless=True)


def decoded(_):
    for data in files():
        for short_side in (None, 100):
            try:
                found = decode(data, short_side=short_side)
            except Exception as error:  # a file that is cut is read one day, and refused another
                yield type(error).__name__
            else:
                yield found.width, found.height, found.frames, found.depth, found.ground
                yield from (
                    found.image.tobytes(),
                    None if found.alpha is None else found.alpha.tobytes(),
                )


def preprocessed(_):
    pixels = np.asarray(scene())
    for how in (Preprocessing(192), Preprocessing(224, fit="crop", channels="bgr")):
        yield str(how), how.square(pixels).tobytes()


def compared(_):
    """Numbers by their first digits: the last ones are another processor's."""
    image = scene(seed=1)
    copy = image.crop((40, 20, 390, 290)).resize((280, 216))
    note = image.copy()
    ImageDraw.Draw(note).rectangle([150, 100, 210, 140], fill="white")
    poor = Image.open(BytesIO(saved(image.resize((120, 90)), "JPEG", quality=20)))
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    for other in (copy, note, poor, mirrored, scene(seed=2)):
        seen = compare(extract(np.asarray(image)), extract(np.asarray(other)))
        numbers = [seen.score, seen.overlap_a, *(seen.measurements or {}).values()]
        yield seen.relation, seen.edits, [f"{number:.3f}" for number in numbers]
        yield seen.is_doubtful, [f"{seen.reranked(cosine).score:.3f}" for cosine in (0.4, 0.6)]
    page = scene(seed=2).resize((800, 600))
    page.paste(image.resize((280, 210)), (420, 300))
    inner, outer = (decode(saved(one, "PNG")) for one in (image, page))
    features = {0: features_of(inner), 1: features_of(outer)}
    large = {1: outer_features(outer, features[1])}
    seen = seen_inside((0, 1), 1, features=features, outer=large)
    yield seen.relation, seen.edits, [f"{number:.2f}" for number in seen.box_b]
    form = next(make_lookalikes("certificate", count=1, seed=0))
    shot = photographed(form, np.random.default_rng(0), inset=0.2)
    seen = compare(extract(np.asarray(form)), extract(np.asarray(shot)))
    yield seen.relation, [f"{number:.2f}" for number in seen.box_b]


def covered(_):
    """What is kept of coverage, and of how the pictures of a group stand."""
    image = scene(seed=1)
    note, bar = image.copy(), image.copy()
    ImageDraw.Draw(note).rectangle([150, 100, 210, 140], fill="white")
    ImageDraw.Draw(bar).rectangle([20, 30, 90, 60], fill="black")
    grey = image.convert("L").convert("RGB")
    crop = image.crop((40, 20, 390, 290))
    a, layers = extract(np.asarray(image)), [Layer(extract(np.asarray(image)), np.eye(3))]
    for other in (note, bar, grey, crop, image.resize((200, 150))):
        b = extract(np.asarray(other))
        seen = compare(a, b)
        coverage = coverage_of(decode(image), decode(other), seen)
        yield [numbers(value) for value in asdict(coverage).values()]
        layers.append(Layer(b, np.vstack([seen.transform, [0, 0, 1]])))
    yield [numbers(asdict(standing)) for standing in standings(layers)]


def numbers(values):
    """The first digits of numbers by their names: the last ones are another processor's."""
    if not isinstance(values, dict):
        return round(values, 2)
    return {
        name: value if isinstance(value, str | bool) else np.round(value, 2).tolist()
        for name, value in values.items()
    }


def joined(folder):
    random = np.random.default_rng(0)
    centres = np.repeat(random.normal(size=(20, 32)), 5, axis=0)
    for name, vectors in {
        "numbers": centres + 0.4 * random.normal(size=centres.shape),
        "bits": np.where(centres + 0.15 * random.normal(size=centres.shape) > 0, 1.0, -1.0),
    }.items():
        connection = connect(folder / f"{name}.db")
        collection = Collection(connection, name=name)
        collection.ensure(dimension=32, fields=SCHEMA, properties={"dedup.model": "test"})
        unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        rows = [
            {**Record(f"/{n}", 1, 1, "", "", 1, 1, b"").row(), "vector": vector}
            for n, vector in enumerate(unit)
        ]
        collection.upsert(rows)
        for found in self_join(collection, threshold=0.85, hashed=name == "bits"):
            similar = found.similarity.round(3).tolist()
            yield list(zip(found.a.tolist(), found.b.tolist(), similar, strict=True))
        connection.close()


SAMPLES = {
    "DECODING": decoded,
    "PREPROCESSING": preprocessed,
    "EVIDENCE": compared,
    "COVERAGE": covered,
    "JOIN": joined,
}


def why_not(part):
    """Why its samples may be other ones here."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return "digests are of Linux on x86-64"
    if not PROJECT.exists():
        return "no pyproject.toml says what is tested"
    tested = tomllib.loads(PROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]
    for package in (*part.libraries, "pillow"):  # which draws the samples
        lines = [line for line in tested if line.startswith(f"{package}==")]
        known = {re.split(r"==|;", line)[1].strip() for line in lines}
        try:
            installed = version(package)
        except PackageNotFoundError:
            continue
        if known and installed not in known:
            return f"{package} {installed} is not a tested version"
    return ""


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_kept_is_of_the_code_that_is_here(name, tmp_path):
    part = getattr(versions, name)
    if reason := why_not(part):
        pytest.skip(reason)
    digest = hashlib.blake2b(digest_size=8)
    for answer in SAMPLES[name](tmp_path):
        digest.update(repr(answer).encode())
    assert digest.hexdigest() == part.samples, (
        f"{name} gives other answers than those that users have kept: raise {name} in "
        f"dedup/_base/versions.py, and write its samples as {digest.hexdigest()!r}"
    )


def test_every_part_has_samples():
    parts = {name for name in dir(versions) if isinstance(getattr(versions, name), versions.Part)}
    assert parts == SAMPLES.keys()


@pytest.mark.parametrize("change", [{"number": 99}, {"samples": ""}, {"libraries": ("numpy",)}])
def test_another_version_of_a_part_is_another_version_of_all_that_depends_on_it(change):
    now = version_of(EVIDENCE, DECODING, "cpu")
    assert version_of(EVIDENCE, replace(DECODING, **change), "cpu") != now
    assert version_of(EVIDENCE, DECODING, "cpu") == now
