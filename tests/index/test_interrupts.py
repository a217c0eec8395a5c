"""Ctrl-C at any stage stops soon, keeps what was stored, and the next run goes on from there."""

import contextlib
import os
import random
import signal
import threading
import time
from itertools import count

import killed
import numpy as np
import pytest
from pandas.testing import assert_frame_equal
from PIL import Image

import dedup
from dedup._base.threads import threads
from dedup._catalogue.discover import discover
from dedup._catalogue.ingest import Ingest
from dedup.errors import DecodeError
from dedup.pipelines.operators import ImageDecode

INTERRUPTS = 4
# What it may take on busy cores; on quiet ones it is below a second.
SECONDS = 20


@pytest.fixture(scope="module")
def pool(many_photos, tmp_path_factory):
    """Sixty pictures: thirty, each in half the size too."""
    folder = tmp_path_factory.mktemp("pool") / "photos"
    folder.mkdir()
    for path in many_photos.iterdir():
        with Image.open(path) as photo:
            photo.save(folder / path.name)
            smaller = photo.resize((photo.width // 2, photo.height // 2))
            smaller.save(folder / f"{path.stem}-half.jpg")
    return folder


def found_in(folder, uri):
    found = dedup.find_duplicates(folder, index=uri, method="sscd-fast", progress=False)
    return found.pairs, [group.paths for group in found.groups]


def finding(folder, uri, page, started):
    """What the child does: all the stages, one after the other."""
    started.send(None)
    # Pairs are compared each time, so that there is something to interrupt.
    found = dedup.find_duplicates(
        folder, index=uri, method="sscd-fast", cache=False, progress=False
    )
    found.report(page, progress=False)


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent in another way")
@pytest.mark.kill
@pytest.mark.timeout(240)
def test_interrupted_at_any_moment_the_next_run_goes_on(pool, tmp_path):
    wanted_pairs, wanted_groups = found_in(pool, tmp_path / "undisturbed.db")
    uri, page = tmp_path / "a.db", tmp_path / "page.html"
    page.write_text("an older page")
    stored, moment = 0, random.Random(0)
    context = killed.processes()
    for number in range(INTERRUPTS):
        listening, started = context.Pipe(duplex=False)
        process = context.Process(target=finding, args=(pool, uri, page, started))
        process.start()
        listening.recv()
        time.sleep(moment.uniform(0.1, 5) * (number + 1) / INTERRUPTS)
        with contextlib.suppress(ProcessLookupError):  # a fast machine may be done
            os.kill(process.pid, signal.SIGINT)
        process.join(SECONDS)
        assert process.exitcode is not None, f"still running after {SECONDS} seconds"
        assert page.read_text().endswith(("an older page", "</html>\n"))  # whole, whichever
        with dedup.ImageIndex(uri, method="sscd-fast", progress=False) as index:
            assert len(index) >= stored
            stored = len(index)
    pairs, groups = found_in(pool, uri)
    assert groups == wanted_groups
    # A store adds up similarities in another order if rows lie elsewhere: the last bits differ.
    assert_frame_equal(pairs, wanted_pairs, rtol=0, atol=1e-6)


class Interrupt(BaseException):
    """A Ctrl-C that pytest does not obey."""


def interrupting(*, call):
    """A function that is interrupted in one of its calls."""
    calls = count(1)

    def advance(_):
        if next(calls) == call:
            raise Interrupt

    return advance


@pytest.mark.thorough
# Told of progress: what is unchanged, what was read and left out, then each chunk.
@pytest.mark.parametrize(("call", "most"), [(1, 0), (2, 0), (3, 96), (4, 128)])
def test_add_that_is_interrupted_keeps_its_chunks_and_begins_no_more(tmp_path, call, most):
    noise = np.random.default_rng(0).integers(0, 256, (320, 12, 12, 3), np.uint8)
    for number, pixels in enumerate(noise):
        Image.fromarray(pixels).resize((48, 48)).save(tmp_path / f"{number:03}.png")
    with dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False) as index:
        ingest = Ingest(index._catalogue)
        with pytest.raises(Interrupt):
            ingest.run(discover(tmp_path).files, advance=interrupting(call=call))
        stored = len(index)
        assert max(0, call - 2) * 32 <= stored <= most
        assert (index.add(tmp_path).embedded, len(index)) == (320 - stored, 320)


def test_nothing_is_decoded_for_those_who_are_gone(folder):
    paths = sorted(map(str, folder.iterdir()))
    gone = iter([False, True, True, True, True, True])
    decoded = ImageDecode()(paths, lambda: next(gone))
    assert sorted(str(one) for one in decoded if isinstance(one, DecodeError)) == 5 * [
        "interrupted"
    ]


def test_threads_leave_what_has_not_begun():
    begun, waiting = [], threading.Event()

    def work(number):
        begun.append(number)
        waiting.wait(60)

    with pytest.raises(Interrupt), threads("test", count=2) as pool:  # noqa: PT012
        for number in range(100):
            pool.submit(work, number)
        threading.Timer(0.5, waiting.set).start()
        raise Interrupt
    assert len(begun) <= 2
