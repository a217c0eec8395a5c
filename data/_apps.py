"""Screens and labels of one template: what differs is a word, an hour, a number, a bar."""

import numpy as np
from PIL import Image, ImageDraw

from dedup.data._content import Content, face, tint

__all__ = ["barcode", "chat", "code", "spreadsheet", "timetable"]

_Rng = np.random.Generator


def chat(content: Content, layout: _Rng) -> Image.Image:
    """Bubbles on one wallpaper, with words and hours."""
    page = Image.new("RGB", (750, 1334), tint(layout, 215, 240))
    draw = ImageDraw.Draw(page)
    for x, y in layout.uniform(0, 1334, size=(90, 2)).tolist():
        draw.regular_polygon((x, y, 16), 6, 0, outline="#d0d4da")
    draw.rectangle((0, 0, 750, 110), tint(layout, 20, 110))
    draw.ellipse((30, 25, 90, 85), "#dddddd")
    draw.text((110, 55), content.words(2).title(), "white", face(30, "bold"), "lm")
    for row in range(8):
        y = 150 + 135 * row
        left = 30 if row % 2 else 190
        fill = "white" if row % 2 else "#dcf8c6"
        draw.rounded_rectangle((left, y, left + 530, y + 108), 18, fill)
        draw.text((left + 22, y + 30), content.words(4), "black", face(23), "lm")
        draw.text((left + 22, y + 64), content.words(3), "black", face(23), "lm")
        hour = f"{content.number(8, 24):02}:{content.digits(2)}"
        draw.text((left + 510, y + 92), hour, "#777777", face(17), "rm")
    draw.rounded_rectangle((20, 1250, 640, 1316), 30, "white")
    return page


def code(content: Content, layout: _Rng) -> Image.Image:
    """A listing in an editor, dark or light."""
    dark = layout.random() < 0.5
    ground, ink = ("#1e1e1e", "#d4d4d4") if dark else ("white", "#222222")
    page = Image.new("RGB", (1100, 900), ground)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 60, 900), "#333333" if dark else "#eeeeee")
    draw.rectangle((0, 0, 1100, 34), "#3c3c3c" if dark else "#dddddd")
    draw.text((80, 17), f"{content.words(1)}.py", ink, face(17), "lm")
    colours = ("#569cd6", "#ce9178", "#4ec9b0") if dark else ("#0000cc", "#a31515", "#267f99")
    indents = layout.integers(0, 4, size=29).tolist()
    for row, indent in enumerate(indents):
        y = 56 + 28 * row
        draw.text((50, y), str(row + 1), "#888888", face(16, "mono"), "rm")
        x = 80 + 40 * indent
        draw.text((x, y), "let", colours[row % 3], face(18, "mono"), "lm")
        names = content.words(2).split()
        line = f"{names[0]} = {names[1]}({content.digits(2)})"
        draw.text((x + 46, y), line, ink, face(18, "mono"), "lm")
    return page


def spreadsheet(content: Content, layout: _Rng) -> Image.Image:
    """A grid of numbers under a row of letters."""
    page = Image.new("RGB", (1200, 840), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, 1200, 40), tint(layout, 20, 120))
    draw.text((20, 20), f"{content.words(2)}.xlsx", "white", face(19), "lm")
    draw.rectangle((0, 40, 1200, 70), "#e6e6e6")
    draw.rectangle((0, 40, 50, 840), "#e6e6e6")
    for column in range(9):
        x = 50 + 128 * column
        draw.line((x, 40, x, 840), "#bbbbbb")
        draw.text((x + 64, 55), "ABCDEFGHI"[column], "#444444", face(17), "mm")
    for row in range(22):
        y = 70 + 35 * row
        draw.line((0, y, 1200, y), "#bbbbbb")
        draw.text((25, y + 17), str(row + 1), "#444444", face(16), "mm")
        draw.text((60, y + 17), content.words(1), "black", face(17), "lm")
        for column in range(1, 9):
            right = 50 + 128 * (column + 1) - 10
            draw.text((right, y + 17), content.digits(4), "black", face(17), "rm")
    return page


def timetable(content: Content, layout: _Rng) -> Image.Image:
    """Hours of departure, line by line."""
    page = Image.new("RGB", (900, 1200), tint(layout, 235, 256))
    draw = ImageDraw.Draw(page)
    accent = tint(layout, 20, 160)
    draw.rectangle((0, 0, 900, 120), accent)
    draw.text((40, 60), content.words(2).title(), "white", face(48, "bold"), "lm")
    draw.text((860, 60), f"Line {layout.integers(1, 99)}", "white", face(30), "rm")
    for row in range(19):
        y = 160 + 52 * row
        if row % 2:
            draw.rectangle((30, y - 22, 870, y + 26), "#e4e8ec")
        draw.text((60, y), f"{row + 5:02}", accent, face(24, "bold"), "lm")
        for column in range(6):
            draw.text((160 + 112 * column, y), content.digits(2), "black", face(22), "lm")
    draw.text((40, 1165), content.script("greek", 5), "#555555", face(18), "lm")
    return page


def barcode(content: Content, layout: _Rng) -> Image.Image:
    """A parcel's label: bars of one to three pixels' units, an address."""
    page = Image.new("RGB", (800, 1000), "white")
    draw = ImageDraw.Draw(page)
    draw.rectangle((20, 20, 780, 980), outline="black", width=4)
    draw.text((50, 70), content.words(2).upper(), "black", face(40, "bold"), "lm")
    draw.line((20, 120, 780, 120), "black", 4)
    for row in range(4):
        text = content.words(3).title() if row < 3 else content.digits(5)
        draw.text((60, 170 + 48 * row), text, "black", face(28), "lm")
    draw.line((20, 370, 780, 370), "black", 4)
    unit = int(layout.integers(4, 6))
    bars = content.bits(1, 600 // unit)[0]
    for place, bar in enumerate(bars):
        if bar:
            x = 100 + unit * place
            draw.rectangle((x, 420, x + unit - 1, 680), "black")
    draw.text((400, 715), content.digits(12), "black", face(26, "mono"), "mm")
    draw.line((20, 760, 780, 760), "black", 4)
    draw.text((60, 830), f"{content.digits(2)} kg", "black", face(40), "lm")
    draw.text((740, 830), f"{content.number(1, 9)} / 9", "black", face(40), "rm")
    draw.text((60, 920), content.words(5), "#444444", face(18), "lm")
    return page
