"""Pages of one template: another digit is another page, and a true copy stays a copy."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont

import dedup
from dedup._verification.align import compare
from dedup._verification.features import extract
from dedup._verification.reading.reading import read
from dedup._verification.sheet import sheet_of
from dedup.data.lookalikes import COPIES, FAMILIES, copy_of, make_lookalikes

pytestmark = pytest.mark.thorough

SAME_FRAME = np.eye(3)
SMALL_PRINT = ImageFont.load_default(12)


def grey(image):
    return np.asarray(image.convert("L"))


def copied(page, kind, *, seed=0):
    return Image.open(io.BytesIO(copy_of(page, kind=kind, seed=seed)))


def pages(family, *, count=2):
    return list(make_lookalikes(family, count=count, seed=3))


@pytest.mark.parametrize("family", ["certificate", "invoice", "ticket", "chess", "spreadsheet"])
def test_a_page_with_one_other_value_is_a_lookalike_and_its_copies_are_none(family):
    page, other = (grey(image) for image in pages(family))
    seen = read(page, other, SAME_FRAME)
    assert seen.kind == "lookalike"
    left, top, right, bottom = seen.changed[0]
    differs = np.argwhere(page != other)
    assert ((differs >= (top, left)) & (differs <= (bottom, right))).all(axis=1).any()
    for kind in ("jpeg-40", "resize-60", "grey"):
        copy = copied(Image.fromarray(page), kind)
        assert read(page, grey(copy), SAME_FRAME).kind == "copy", kind


@pytest.mark.parametrize("family", ["map-tile", "floor-plan", "slide", "chat"])
def test_a_smaller_copy_of_another_page_is_a_lookalike(family):
    page, other = pages(family)
    for kind in ("resize-60", "photographed"):
        small = copied(other, kind)
        registered = compare(extract(np.asarray(page)), extract(np.asarray(small)))
        assert read(grey(page), grey(small), registered.transform).kind == "lookalike", kind


def test_a_grid_of_cells_is_placed_within_its_border():
    for number, page in enumerate(pages("timetable")):
        framed = copied(page, "border-6", seed=number)
        seen = compare(extract(np.asarray(page)), extract(np.asarray(framed)))
        assert (seen.relation, round(seen.overlap_a, 2)) == ("near", 1.0)


@pytest.mark.parametrize("family", ["bar-chart", "chess"])
def test_a_border_and_the_desk_of_a_photographed_page_are_no_content(family):
    page = pages(family, count=1)[0]
    framed, shot = copied(page, "border-6"), copied(page, "photographed", seed=1)
    registered = compare(extract(np.asarray(framed)), extract(np.asarray(shot)))
    assert read(grey(framed), grey(shot), registered.transform).kind == "copy"


@pytest.mark.parametrize("family", ["timetable", "receipt"])
def test_a_page_photographed_on_a_desk_is_laid_over_the_page_by_its_outline(family):
    for number, page in enumerate(pages(family)):
        shot = copied(page, "photographed", seed=number)
        registered = compare(extract(np.asarray(page)), extract(np.asarray(shot)))
        assert registered.relation in ("near", "scene")
        assert read(grey(page), grey(shot), registered.transform).kind == "copy"


def test_a_frame_that_is_drawn_on_a_page_is_no_outline():
    page = grey(pages("floor-plan", count=1)[0])
    assert sheet_of(page) is None
    assert sheet_of(grey(copied(Image.fromarray(page), "photographed"))) is not None


def test_a_word_on_two_small_soft_copies_is_other_content():
    drawn = make_lookalikes("spreadsheet", count=2, seed=0, template=1)
    page, other = (grey(copied(image, "resize-60")) for image in drawn)
    assert read(page, other, SAME_FRAME).kind == "lookalike"


def test_a_digit_in_small_print_that_was_reduced_is_no_copy():
    def listing(value):
        page = Image.new("RGB", (900, 700), "white")
        draw = ImageDraw.Draw(page)
        rng = np.random.default_rng(0)
        for row in range(25):
            for column in range(8):
                number = f"{rng.random() * 1000:.2f}"
                shown = value if (row, column) == (11, 4) else number
                draw.text((40 + 105 * column, 20 + 27 * row), shown, "black", SMALL_PRINT)
        return page

    page, other = listing("483.20"), listing("488.20")
    for kind in ("resize-60", "jpeg-40"):
        assert read(grey(page), grey(copied(page, kind)), SAME_FRAME).kind == "copy", kind
    for a, b in ((page, copied(other, "resize-60")), (copied(page, "resize-60"), other)):
        assert read(grey(a), grey(b), SAME_FRAME).kind in ("unreadable", "lookalike")


def test_another_line_of_light_code_on_a_dark_ground_is_no_copy():
    def listing(changed):
        page = Image.new("RGB", (682, 620), "#14161c")
        draw = ImageDraw.Draw(page)
        for row in range(34):
            words = "pass" if row == changed else f"value_{row * 37 % 101} = count({row * 7})"
            draw.text((50 + 20 * (row % 3), 10 + 17 * row), words, "#5ec2a0", SMALL_PRINT)
        return page

    page, other = listing(None), listing(25)
    assert read(grey(page), grey(copied(page, "jpeg-40")), SAME_FRAME).kind == "copy"
    assert read(grey(page), grey(copied(other, "grey")), SAME_FRAME).kind != "copy"


def test_a_piece_in_a_cell_along_the_edge_of_a_board_is_other_content():
    board = Image.new("RGB", (960, 960), "white")
    draw = ImageDraw.Draw(board)
    for cell in range(64):
        x, y = 40 + 110 * (cell % 8), 40 + 110 * (cell // 8)
        draw.rectangle((x, y, x + 109, y + 109), "#b58863" if (x + y) // 110 % 2 else "#f0d9b5")
    for cell in (10, 13, 21, 35, 42, 46, 52, 60):
        x, y = 40 + 110 * (cell % 8), 40 + 110 * (cell // 8)
        draw.polygon([(x + 20, y + 95), (x + 90, y + 95), (x + 55, y + 15)], "white", "black", 3)
    other = board.copy()
    piece = ImageDraw.Draw(other)
    piece.polygon([(65, 568), (115, 568), (90, 505)], "white", "black", 3)
    assert read(grey(board), grey(copied(board, "jpeg-40")), SAME_FRAME).kind == "copy"
    assert read(grey(board), grey(other), SAME_FRAME).kind == "lookalike"


def test_a_digit_on_two_noisy_scans_is_not_taken_for_noise():
    page, other = pages("map-tile")
    one, two = copied(page, "scanned", seed=1), copied(other, "scanned", seed=2)
    registered = compare(extract(np.asarray(one)), extract(np.asarray(two)))
    assert read(grey(one), grey(two), registered.transform).kind in ("lookalike", "unreadable")


@pytest.mark.parametrize(
    ("family", "kind", "template", "numbers"),
    [
        ("map-tile", "scanned", 0, (1, 2)),
        ("map-tile", "scanned", 0, (2, 3)),
        ("sheet-music", "scanned", 1, (0, 3)),
        ("sheet-music", "photographed", 0, (0, 3)),
    ],
)
def test_thin_lines_and_pale_numbers_on_paper_are_no_photo(family, kind, template, numbers):
    drawn = list(make_lookalikes(family, count=4, seed=0, template=template))
    one, two = (copied(drawn[n], kind, seed=1000 * template + n) for n in numbers)
    registered = compare(extract(np.asarray(one)), extract(np.asarray(two)))
    assert read(grey(one), grey(two), registered.transform).kind in ("lookalike", "unreadable")


def test_a_grid_that_is_laid_over_the_wrong_cells_tells_nothing():
    page = grey(pages("spreadsheet", count=1)[0])
    one_cell = np.array([[1, 0, 128 / page.shape[1]], [0, 1, 35 / page.shape[0]], [0, 0, 1]])
    assert read(page, page, one_cell).kind == "unreadable"


def test_two_bar_codes_are_no_copies_though_hardly_a_bar_stays():
    codes = []
    for seed in (4, 5):
        widths = np.random.default_rng(seed).integers(4, 20, 61)
        bars = np.repeat(np.arange(61) % 2 * 255, widths)[:480].astype(np.uint8)
        codes.append(np.pad(np.tile(bars, (200, 1)), 40, constant_values=255))
    assert read(*codes, SAME_FRAME).kind in ("lookalike", "unreadable")


@pytest.mark.parametrize(("template", "number"), [(0, 2), (0, 7), (4, 1), (5, 1), (5, 2), (5, 7)])
def test_pale_print_on_worn_coloured_paper_is_told_apart_or_left_in_doubt(template, number):
    drawn = list(make_lookalikes("thermal", count=8, seed=0, template=template))
    page, other = (grey(drawn[n]) for n in (0, number))
    assert read(page, other, SAME_FRAME).kind in ("lookalike", "unreadable")


@pytest.mark.parametrize("template", [1, 5])
def test_a_copy_of_pale_print_is_a_copy(template):
    page = next(make_lookalikes("thermal", count=1, seed=0, template=template))
    for kind in ("jpeg-40", "resize-60", "grey"):
        assert read(grey(page), grey(copied(page, kind)), SAME_FRAME).kind == "copy", kind


@pytest.mark.parametrize("family", ["form", "invoice", "receipt"])
def test_a_blurred_page_is_a_copy(family):
    page = pages(family, count=1)[0]
    soft = page.filter(ImageFilter.GaussianBlur(3))
    assert read(grey(page), grey(soft), SAME_FRAME).kind == "copy"


def test_a_pair_read_the_other_way_round_is_read_the_same():
    page, other = (grey(image) for image in pages("form"))
    smaller = grey(Image.fromarray(other).resize((700, 904)))
    for a, b in ((page, other), (page, smaller)):
        assert read(a, b, SAME_FRAME).kind == read(b, a, SAME_FRAME).kind == "lookalike"


def test_a_thumbnail_of_a_page_is_too_small_to_tell():
    page = pages("invoice", count=1)[0]
    thumbnail = page.resize((page.width // 6, page.height // 6), Image.Resampling.LANCZOS)
    assert read(grey(page), grey(thumbnail), SAME_FRAME).kind == "unreadable"


@pytest.mark.parametrize("family", ["receipt", "form", "timetable"])
def test_scanned_paper_is_no_photo(family):
    scan = copied(pages(family, count=1)[0], "scanned")
    assert not extract(np.asarray(scan)).is_photo()


def test_photos_are_photos(photos):
    assert sum(extract(np.asarray(photo)).is_photo() for photo in photos.values()) >= 4


def test_text_over_a_photo_is_an_edit(photos):
    for photo in photos.values():
        edited = photo.copy()
        ImageDraw.Draw(edited).text((30, 30), "HELLO WORLD", "white", font_size=40)
        assert read(grey(photo), grey(edited), SAME_FRAME).kind == "copy"


def test_text_over_a_field_of_stars_is_an_edit():
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:480, 0:640]
    sky = np.full((480, 640), 9.0)
    for _ in range(400):
        light, size = 15 * (1 - random.random()) ** -0.8, random.uniform(0.9, 2.4)
        left, top = random.uniform(0, 640), random.uniform(0, 480)
        sky += min(light, 230) * np.exp(-((x - left) ** 2 + (y - top) ** 2) / (2 * size**2))
    sky += random.normal(0, 4, sky.shape)
    image = Image.fromarray(sky.clip(0, 255).astype(np.uint8)).convert("RGB")
    edited = image.copy()
    ImageDraw.Draw(edited).text((30, 200), "HELLO WORLD", "white", font_size=60)
    assert read(grey(image), grey(edited), SAME_FRAME).kind == "copy"


def bent(image, *, by=12, size=35):
    """The same scene, in which the middle went to the right."""
    pixels = np.asarray(image)
    y, x = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]].astype(np.float32)
    middle = pixels.shape[1] / 2, pixels.shape[0] / 2
    pull = np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / size**2)
    return cv2.remap(pixels, x - by * pull, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def test_two_shots_in_which_the_subject_moved_a_little_are_a_scene(photos):
    for photo in photos.values():
        before = extract(np.asarray(photo))
        after = extract(bent(photo))
        assert compare(before, after).relation == "scene"


def test_filled_in_forms_are_reported_as_lookalikes_and_never_grouped(tmp_path):
    first, second, third = pages("certificate", count=3)
    for name, page in {"first": first, "second": second, "third": third}.items():
        page.save(tmp_path / f"{name}.png")
    (tmp_path / "copy.jpg").write_bytes(copy_of(first, kind="resize-60", seed=0))
    found = dedup.find_duplicates(tmp_path, cache=False, progress=False)
    assert [[path.rsplit("/")[-1] for path in group.paths] for group in found.groups] == [
        ["first.png", "copy.jpg"]
    ]
    lookalikes = found.pairs[found.pairs["relation"] == "lookalike"]
    assert len(lookalikes)
    assert lookalikes["edit"].str.startswith("the same layout, other content in").all()
    assert found.at(0.1).to_dict() == found.to_dict()


def test_the_small_print_of_a_grid_says_how_its_copies_lie(tmp_path):
    page = next(make_lookalikes("spreadsheet", count=1, seed=0, template=2))
    page.save(tmp_path / "page.png")
    (tmp_path / "framed.jpg").write_bytes(copy_of(page, kind="border-6", seed=2000))
    (tmp_path / "cropped.jpg").write_bytes(copy_of(page, kind="crop-90", seed=2000))
    found = dedup.find_duplicates(tmp_path, cache=False, progress=False)
    assert [len(group) for group in found.groups] == [3]


def test_a_check_tells_another_page_of_a_form_from_a_copy(tmp_path):
    first, second = pages("certificate")
    first.save(tmp_path / "first.png")
    with dedup.ImageIndex(tmp_path / "index.db", progress=False) as index:
        index.add(tmp_path / "first.png")
        asked = index.check(second)
        assert (asked.relation, asked.matches) == ("new", [])
        assert [match.relation for match in asked.lookalikes] == ["lookalike"]
        assert index.check(copied(first, "grey")).relation == "near"


def test_the_explanation_marks_what_differs():
    page, other = pages("invoice")
    explanation = dedup.explain(page, other)
    assert explanation.evidence.relation == "lookalike"
    assert len(explanation.evidence.changed) >= 1


def test_the_same_seed_draws_the_same_pages():
    for family in FAMILIES:
        for one, other in zip(pages(family), pages(family), strict=True):
            assert one.tobytes() == other.tobytes()
        assert one.tobytes() != pages(family)[0].tobytes()


def test_the_same_seed_makes_the_same_copies():
    page = pages("receipt", count=1)[0]
    for kind in COPIES:
        assert copy_of(page, kind=kind, seed=5) == copy_of(page, kind=kind, seed=5)
