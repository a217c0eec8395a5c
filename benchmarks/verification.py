"""Measure the verification: recall per edit, false pairs per hard negative, words, time.

    python benchmarks/verification.py PHOTOS [SOURCES]

PHOTOS is a folder of at least 300 different photos. One third is edited, half of the last third
makes the hard negatives; which photo goes where depends on a fixed seed. The score was fitted
on the first third (`fit_verification.py`); what is printed comes from the second, or from its
first SOURCES photos.
"""

import re
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from dedup._base.arrays import SHORT_SIDE
from dedup._verification.align import compare
from dedup._verification.evidence import DEFAULT_THRESHOLD, Evidence
from dedup._verification.features import Features, extract
from dedup._verification.rerank import reranked
from dedup.data.edits import EDITS, edited_file
from dedup.data.negatives import NEGATIVES, make_negatives
from dedup.pipelines.images.decoding import decode
from dedup.pipelines.models.methods import engine, model

CANDIDATES = 0.25
"""Cosine of the embeddings from which a pair is a candidate."""
THRESHOLDS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)
PAIRS_A_KIND = 1500
"""Most false pairs compared of one kind, and most pairs of two edited copies."""

Found = Mapping[str, list[tuple[Evidence, float]]]
"""What was seen of pairs, by kind, and the seconds that it took; false kinds begin with "- "."""

# The words that name an edit rightly; any one of them will do.
WORDS = {
    "format": "re-encoded",
    "jpeg": "re-encoded",
    "resize": "resized",
    "aspect": "stretched",
    "zoom": "cropped",
    "crop": "cropped",
    "rotate": "rotated",
    "mirror": "mirrored",
    "brightness": "brighter|darker",
    "contrast": "contrast",
    "gamma": "brighter|darker",
    "grey": "grey",
    "saturation": "stronger colours|weaker colours",
    "hue": "other colours",
    "sepia": "other colours",
    "blur": "blurred",
    "sharpen": "sharper",
    "noise": "noise",
    "salt-pepper": "noise",
    "watermark": "overlay",
    "tiled": "overlay",
    "logo": "overlay",
    "text-over": "overlay",
    "caption": "caption",
    "border": "border",
    "letterbox": "border",
    "screenshot": "screenshot",
    "sticker": "overlay",
    "paste": "pasted",
    "combined": "cropped",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One image of the set: what it shows, how it was made, what the comparison needs of it."""

    source: str
    kind: str
    background: str
    content: bytes
    features: Features
    vector: np.ndarray


def parts_of(photos: Path, *, part: int) -> tuple[list[Path], list[Path]]:
    """The photos of a part that are edited, and those that are not."""
    paths = sorted(p for p in photos.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if len(paths) < 300:
        sys.exit(f"{photos} holds {len(paths)} photos; 300 different ones are needed")
    order = np.random.default_rng(7).permutation(len(paths)).tolist()
    edited = [paths[i] for i in order[100 * part : 100 * part + 100]]
    return edited, [paths[i] for i in order[200 + 50 * part : 250 + 50 * part]]


def item(content: bytes, source: str, kind: str, background: str = "") -> Item:
    """An image file of the set."""
    decoded = decode(content, short_side=SHORT_SIDE)
    features = extract(decoded.image, size=(decoded.width, decoded.height))
    vector = engine("sscd-fast")([decoded.image])[0]
    return Item(source, kind, background, content, features, vector)


def evaluation_set(photos: Path, *, part: int, sources: int = 100) -> list[Item]:
    """Edited copies of (at most 100) photos, hard negatives of 50 others and these themselves."""
    edited, others = parts_of(photos, part=part)
    items = []
    for number, path in enumerate(edited[:sources]):
        items.append(item(path.read_bytes(), path.name, "original"))
        with Image.open(path) as photo:
            for name, edit in EDITS.items():
                other = others[number % len(others)]
                with Image.open(other) as background:
                    copy = edited_file(photo, edit=name, seed=(part, number), background=background)
                hidden = other.name if edit.needs_background else ""
                items.append(item(copy, path.name, name, hidden))
    for family, negative in NEGATIVES.items():
        supply = (Image.open(path) for path in others)
        for i, image in enumerate(make_negatives(family, count=50, seed=part, photos=supply)):
            source = others[i].name if negative.needs_photos else f"{family} {i}"
            items.append(item(negative.encoding.encode(image), source, f"- {family}"))
    items += [item(path.read_bytes(), path.name, "- photo") for path in others]
    print(f"{len(items)} images")
    return items


def pairs(items: list[Item], *, seed: int) -> Iterator[tuple[int, int, str]]:
    """Pairs to compare: copies and originals, two copies, false ones, each with its label."""
    rng = np.random.default_rng(seed)
    originals = {x.source: i for i, x in enumerate(items) if x.kind == "original"}
    for i, x in enumerate(items):
        if x.kind in EDITS:
            yield originals[x.source], i, x.kind
    vectors = np.stack([x.vector for x in items])
    cosine = np.triu(vectors @ vectors.T, 1)
    kinds: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for i, j in np.argwhere(cosine >= CANDIDATES).tolist():
        a, b = items[i], items[j]
        if _ambiguous(a, b):
            continue
        if a.source != b.source:
            kinds[_false_kind(a, b)].append((i, j))
        elif a.kind in EDITS and b.kind in EDITS:
            kinds["two copies"].append((i, j))
    # A user may go deeper than the candidates: all kinds of negatives, however unlike.
    for _ in range(20 * PAIRS_A_KIND):
        i, j = sorted(rng.integers(len(items), size=2).tolist())
        a, b = items[i], items[j]
        below = cosine[i, j] < CANDIDATES and a.source != b.source and not _ambiguous(a, b)
        if below and len(kinds["- below the candidates"]) < PAIRS_A_KIND:
            kinds["- below the candidates"].append((i, j))
    for kind, found in kinds.items():
        for k in rng.permutation(len(found))[:PAIRS_A_KIND]:
            yield *found[k], kind


def _ambiguous(a: Item, b: Item) -> bool:
    """Whether one shows the other's background: a true overlap that no label tells of."""
    return bool(
        (a.background and a.background in (b.source, b.background))
        or (b.background and b.background == a.source)
    )


def _false_kind(a: Item, b: Item) -> str:
    family = a.kind == b.kind and a.kind.startswith("- ")
    return a.kind if family else "- others"


def seen_in(a: Item, b: Item) -> Evidence:
    """What a search sees in a pair, but for the second reading at full resolution."""
    evidence = compare(a.features, b.features)
    if not evidence.is_doubtful:
        return evidence
    image_a, image_b = (decode(x.content, short_side=SHORT_SIDE).image for x in (a, b))
    return reranked([(evidence, image_a, image_b)], method=model("sscd"))[0]


def is_named(evidence: Evidence, kind: str) -> bool:
    """Whether the words of an explanation name the edit."""
    words = ", ".join(evidence.edits) or "re-encoded"
    return re.search(WORDS[EDITS[kind].family], words) is not None


def print_thresholds(found: Found) -> None:
    """What each threshold misses, and accepts wrongly."""
    scores = {
        false: np.array(
            [
                e.score if e.relation in ("near", "different") else 0.0
                for kind, results in found.items()
                for e, _ in results
                if kind.startswith("- ") == false
            ]
        )
        for false in (False, True)
    }
    sizes = f"{len(scores[False])} true and {len(scores[True])} false pairs"
    print(f"\n{'threshold':>9}{'missed':>8}{'wrong':>7}   of {sizes}")
    for threshold in THRESHOLDS:
        missed = int((scores[False] < threshold).sum())
        print(f"{threshold:9.2f}{missed:8}{int((scores[True] >= threshold).sum()):7}")


def print_true(found: Found) -> None:
    """How many copies are found, by edit, and named rightly."""
    print(f"\n{'true pairs':26}{'pairs':>7}{'near':>8}{'scene':>7}{'named':>7}{'ms':>7}")
    for kind, results in found.items():
        if kind.startswith("- "):
            continue
        near = np.mean([e.relation == "near" for e, _ in results])
        scene = np.mean([e.relation == "scene" for e, _ in results])
        named = [is_named(e, kind) for e, _ in results if kind in EDITS and e.relation == "near"]
        share = f"{np.mean(named):.2f}" if named else ""
        ms = 1000 * np.mean([t for _, t in results])
        print(f"{kind:26}{len(results):7}{near:8.4f}{scene:7.3f}{share:>7}{ms:7.1f}")
    copies = [(k, e) for k, r in found.items() if k in EDITS for e, _ in r]
    recall = np.mean([e.relation == "near" for _, e in copies])
    rightly = np.mean([is_named(e, k) for k, e in copies if e.relation == "near"])
    print(f"recall over all edits {recall:.4f}, edit named rightly {rightly:.4f}")


def print_false(found: Found) -> None:
    """How many pairs are found that are none, by kind."""
    print(f"\n{'false pairs':26}{'pairs':>7}{'near':>6}{'scene':>7}{'highest':>9}{'ms':>7}")
    for kind, results in sorted(found.items()):
        if not kind.startswith("- "):
            continue
        near = sum(e.relation == "near" for e, _ in results)
        scene = sum(e.relation == "scene" for e, _ in results)
        top = max(e.score for e, _ in results)
        ms = 1000 * np.mean([t for _, t in results])
        print(f"{kind[2:]:26}{len(results):7}{near:6}{scene:7}{top:9.3f}{ms:7.1f}")


def print_names(found: Found) -> None:
    """What each edit is called most."""
    print(f"\nwhat an edit is called (threshold {DEFAULT_THRESHOLD})")
    for kind in EDITS:
        words = Counter(
            re.sub(r"-?\d[\d.]*", "#", ", ".join(e.edits) or "re-encoded") for e, _ in found[kind]
        )
        print(f"  {kind:20}", "; ".join(f"{w} ({n})" for w, n in words.most_common(3)))


def main(photos: Path, sources: int = 100) -> None:
    """Print the tables."""
    items = evaluation_set(photos, part=1, sources=sources)
    start = time.perf_counter()
    for x in items:
        x.features.local()
    print(f"local features {1000 * (time.perf_counter() - start) / len(items):.2f} ms an image")
    found: dict[str, list[tuple[Evidence, float]]] = defaultdict(list)
    for i, j, kind in pairs(items, seed=1):
        start = time.perf_counter()
        evidence = seen_in(items[i], items[j])
        found[kind].append((evidence, time.perf_counter() - start))
    print_true(found)
    print_false(found)
    print_thresholds(found)
    print_names(found)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
