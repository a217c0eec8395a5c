"""Boards, charts and plans of one template: what differs is a piece, a bar, a note, a street."""

from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from dedup.data._content import Content, face, tint

__all__ = ["bar_chart", "chess", "floor_plan", "map_tile", "sheet_music", "slide"]

_Rng = np.random.Generator

_PIECES = [(name, white) for name in "PNBRK" for white in (True, False)] + 6 * [("", False)]


def chess(content: Content, layout: _Rng) -> Image.Image:
    """A board with some pieces: another page's are elsewhere."""
    side = 100
    light, dark = tint(layout, 215, 250), tint(layout, 90, 160)
    page = Image.new("RGB", (8 * side + 80, 8 * side + 80), "#222222")
    draw = ImageDraw.Draw(page)
    for row in range(8):
        draw.text((20, 40 + side * (row + 0.5)), str(8 - row), "white", face(22), "mm")
        draw.text((40 + side * (row + 0.5), 860), "abcdefgh"[row], "white", face(22), "mm")
        for column in range(8):
            x, y = 40 + side * column, 40 + side * row
            draw.rectangle((x, y, x + 99, y + 99), (light, dark)[(row + column) % 2])
            piece, white = content.pick(_PIECES)
            if not piece:
                continue
            fill, line = ("white", "black") if white else ("black", "white")
            draw.ellipse((x + 22, y + 56, x + 78, y + 90), fill, "black", 2)
            draw.polygon((x + 36, y + 70, x + 64, y + 70, x + 56, y + 26, x + 44, y + 26), fill)
            draw.ellipse((x + 34, y + 12, x + 66, y + 44), fill, "black", 2)
            draw.text((x + 50, y + 29), piece, line, face(22, "bold"), "mm")
    return page


def bar_chart(content: Content, layout: _Rng) -> Image.Image:
    """Bars of one layout, their values above them."""
    page = Image.new("RGB", (1100, 750), "white")
    draw = ImageDraw.Draw(page)
    colour = tint(layout, 40, 190)
    draw.text((60, 50), content.words(4).capitalize(), "black", face(30, "bold"), "lm")
    for line in range(6):
        y = 650 - 100 * line
        draw.line((90, y, 1060, y), "#dddddd")
        draw.text((80, y), str(20 * line), "#555555", face(17), "rm")
    for bar in range(9):
        height = content.share()
        left = 120 + 104 * bar
        draw.rectangle((left, 650 - 500 * height, left + 66, 650), colour)
        draw.text((left + 33, 638 - 500 * height), f"{100 * height:.0f}", "black", face(17), "mm")
        draw.text((left + 33, 675), f"{2010 + bar}", "#333333", face(17), "mm")
    draw.line((90, 650, 1060, 650), "black", 2)
    draw.text((1060, 720), f"source: {content.words(2)}", "#777777", face(15), "rm")
    return page


def sheet_music(content: Content, layout: _Rng) -> Image.Image:
    """Staves with notes: another page's are higher or lower."""
    page = Image.new("RGB", (1000, 1300), "white")
    draw = ImageDraw.Draw(page)
    draw.text((500, 70), content.words(2).title(), "black", face(36, "serif"), "mm")
    draw.text((940, 120), content.words(2).title(), "black", face(19, "serif"), "rm")
    gap = int(layout.integers(12, 15))
    for staff in range(8):
        top = 170 + 138 * staff
        for line in range(5):
            draw.line((60, top + gap * line, 940, top + gap * line), "black", 2)
        for bar in range(5):
            draw.line((60 + 220 * bar, top, 60 + 220 * bar, top + 4 * gap), "black", 3)
        for note in range(16):
            x = 84 + 55 * note
            y = top + gap * content.number(0, 9) / 2
            hollow = layout.random() < 0.3
            box = (x - 10, y - 7, x + 10, y + 7)
            draw.ellipse(box, None if hollow else "black", "black", 3)
            draw.line((x + 9, y, x + 9, y - 44), "black", 2)
    return page


def map_tile(content: Content, layout: _Rng) -> Image.Image:
    """Streets, water and houses, with names and numbers."""
    page = Image.new("RGB", (1024, 1024), "#f2efe9")
    draw = ImageDraw.Draw(page)
    knots = layout.uniform(0, 1024, size=(4, 2))
    draw.polygon([(0, 1024), (0, 700), *map(tuple, knots[:2].tolist()), (420, 1024)], "#aad3df")
    streets = sorted(int(x) for x in layout.uniform(60, 960, size=5))
    for x in streets:
        tilt = float(layout.uniform(-60, 60))
        draw.line((x, 0, x + tilt, 1024), "#c8c2b8", 30)
        draw.line((x, 0, x + tilt, 1024), "white", 24)
    rows = sorted(int(y) for y in layout.uniform(60, 960, size=4))
    for y in rows:
        draw.line((0, y, 1024, y + 40), "#c8a878", 34)
        draw.line((0, y, 1024, y + 40), "#fcd6a4", 28)
        draw.text((510, y + 20), content.words(2).title(), "black", face(18), "mm")
    for row in range(7):
        for column in range(7):
            x, y = 70 + 140 * column, 70 + 140 * row
            wide, high = layout.integers(34, 70, size=2).tolist()
            draw.rectangle((x, y, x + wide, y + high), "#d9d0c9", "#b5a89c", 2)
            draw.text((x + wide / 2, y + high / 2), content.digits(2), "#333333", face(17), "mm")
    return page


def slide(content: Content, layout: _Rng) -> Image.Image:
    """A slide of one design: a title, points, a small table."""
    page = Image.new("RGB", (1280, 720), "white")
    draw = ImageDraw.Draw(page)
    accent = tint(layout, 20, 140)
    for row in range(110):  # a gradient
        mixed = tuple(round(c + (255 - c) * row / 300) for c in accent)
        draw.line((0, row, 1280, row), mixed)
    draw.text((60, 56), content.words(4).capitalize(), "white", face(40, "bold"), "lm")
    for point in range(6):
        y = 180 + 74 * point
        draw.ellipse((66, y - 7, 80, y + 7), accent)
        draw.text((104, y), content.words(4), "#222222", face(26), "lm")
    for row in range(5):
        for column in range(3):
            box = (760 + 150 * column, 180 + 70 * row, 910 + 150 * column, 250 + 70 * row)
            draw.rectangle(box, outline="#999999")
            middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            draw.text(middle, content.digits(3), "#222222", face(24), "mm")
    draw.rectangle((0, 680, 1280, 720), "#eeeeee")
    draw.text((1220, 700), str(content.number(1, 80)), "#666666", face(18), "rm")
    draw.text((60, 700), content.words(3), "#666666", face(18), "lm")
    return page


def floor_plan(content: Content, layout: _Rng) -> Image.Image:
    """Rooms in pale colours behind walls, with names and areas."""
    page = Image.new("RGB", (1100, 900), tint(layout, 225, 250))
    draw = ImageDraw.Draw(page)
    columns = [60, *(310 + 250 * i + int(layout.integers(-60, 60)) for i in range(3)), 1040]
    rows = [60, *(320 + 260 * i + int(layout.integers(-60, 60)) for i in range(2)), 840]
    for left, right in pairwise(columns):
        for top, bottom in pairwise(rows):
            draw.rectangle((left, top, right, bottom), tint(layout, 195, 250), "#6a6a72", 5)
            for _ in range(3):
                free = right - left - 50, bottom - top - 40
                x, y = (left, top) + layout.random(2) * free
                draw.rectangle((x, y, x + 40, y + 28), tint(layout, 185, 240), "#9a9aa2", 2)
            middle = (left + right) / 2, (top + bottom) / 2
            draw.text(middle, content.words(1), "#3a3a40", face(20), "mm")
            area = f"{content.digits(2)}.{content.digits(1)} m²"
            draw.text((middle[0], middle[1] + 26), area, "#3a3a40", face(18), "mm")
    draw.text((60, 868), content.words(4), "#55555c", face(17), "lm")
    return page
