"""Papers of one template: what differs is a name, a number, a cross, a module of a code."""

import numpy as np
from PIL import Image, ImageDraw

from dedup.data._content import Content, face, tint

__all__ = ["certificate", "form", "id_card", "invoice", "receipt", "ticket"]

_Rng = np.random.Generator


def invoice(content: Content, layout: _Rng) -> Image.Image:
    """A letterhead, an address, a table of items with quantities and sums."""
    page = Image.new("RGB", (1000, 1300), "white")
    draw = ImageDraw.Draw(page)
    accent = tint(layout, 20, 150)
    draw.rectangle((0, 0, 1000, 14), accent)
    draw.text((60, 60), content.words(2).title(), accent, face(40, "bold"))
    draw.text((940, 66), "INVOICE", "#333333", face(34), "ra")
    for row, text in enumerate((content.words(2).title(), content.words(3), content.digits(5))):
        draw.text((60, 170 + 30 * row), text, "black", face(21, "serif"))
    for row, name in enumerate(("No.", "Date", "Client")):
        value = content.digits(6) if row != 1 else f"{content.number(10, 29)}.03.2024"
        draw.text((640, 170 + 30 * row), name, "#555555", face(20))
        draw.text((940, 170 + 30 * row), value, "black", face(20), "ra")
    draw.rectangle((60, 330, 940, 372), accent)
    for x, name in ((80, "Item"), (560, "Qty"), (700, "Price"), (850, "Sum")):
        draw.text((x, 351), name, "white", face(19, "bold"), "lm")
    for row in range(11):
        y = 400 + 56 * row
        draw.text((80, y), content.words(3), "black", face(19), "lm")
        draw.text((590, y), str(content.number(1, 10)), "black", face(19), "rm")
        draw.text((760, y), f"{content.digits(2)}.{content.digits(2)}", "black", face(19), "rm")
        draw.text((930, y), f"{content.digits(3)}.{content.digits(2)}", "black", face(19), "rm")
        draw.line((60, y + 28, 940, y + 28), "#cccccc")
    draw.text((930, 1060), f"Total  {content.digits(4)}.00", "black", face(26, "bold"), "rm")
    draw.text((60, 1230), content.words(8), "#666666", face(16))
    return page


def certificate(content: Content, layout: _Rng) -> Image.Image:
    """A frame of lines and rosettes, and a name in large letters."""
    page = Image.new("RGB", (1200, 850), tint(layout, 240, 256))
    draw = ImageDraw.Draw(page)
    accent = tint(layout, 40, 160)
    for inset, width in ((24, 6), (40, 2), (52, 2)):
        draw.rectangle((inset, inset, 1199 - inset, 849 - inset), outline=accent, width=width)
    for x, y in ((80, 80), (1120, 80), (80, 770), (1120, 770)):
        for turn in range(0, 180, 30):
            draw.regular_polygon((x, y, 34), 4, turn, outline=accent)
    draw.text((600, 150), "CERTIFICATE", accent, face(64, "serif"), "mm")
    draw.text((600, 240), "this is to certify that", "#444444", face(24, "serif"), "mm")
    draw.text((600, 330), content.words(2).title(), "black", face(52, "serif"), "mm")
    draw.line((250, 375, 950, 375), accent, 2)
    draw.text((600, 430), "has completed the course", "#444444", face(24, "serif"), "mm")
    draw.text((600, 500), content.words(4).capitalize(), "black", face(30), "mm")
    draw.text((600, 570), f"with {content.digits(2)} points", "#444444", face(24), "mm")
    draw.text((220, 680), f"{content.number(1, 29)} June 2023", "black", face(22), "mm")
    draw.text((980, 680), content.words(2).title(), "black", face(22), "mm")
    for x in (220, 980):
        draw.line((x - 130, 700, x + 130, 700), "black")
    draw.text((600, 760), f"No. {content.digits(7)}", "#777777", face(17, "mono"), "mm")
    return page


def form(content: Content, layout: _Rng) -> Image.Image:
    """Boxes with small labels, filled in by a typewriter, and crosses."""
    page = Image.new("RGB", (960, 1240), "white")
    draw = ImageDraw.Draw(page)
    ground = tint(layout, 215, 250)
    draw.text((60, 50), f"Form {layout.integers(10, 99)}-B", "black", face(30, "bold"))
    draw.text((60, 92), content.script("cyrillic", 4), "#444444", face(18))
    labels = ["Name", "Street", "City", "Born", "Country", "Phone", "Account", "Purpose"]
    for row, label in enumerate(labels):
        y = 140 + 82 * row
        draw.rectangle((60, y, 900, y + 66), ground, "black")
        draw.text((70, y + 4), f"{row + 1}. {label}", "#333333", face(14))
        text = content.words(2).upper() if row in (0, 1, 2, 4, 7) else content.digits(8)
        draw.text((90, y + 48), text, "#14142a", face(24, "mono"), "lm")
    for row in range(5):
        y = 840 + 54 * row
        draw.text((60, y), content.words(4), "black", face(18), "lm")
        chosen = content.number(0, 3)
        for column in range(3):
            x = 640 + 90 * column
            draw.rectangle((x - 12, y - 12, x + 12, y + 12), outline="black", width=2)
            if column == chosen:
                draw.line((x - 9, y - 9, x + 9, y + 9), "#14142a", 3)
                draw.line((x - 9, y + 9, x + 9, y - 9), "#14142a", 3)
    draw.text((60, 1170), content.words(9), "#555555", face(14))
    return page


def receipt(content: Content, layout: _Rng) -> Image.Image:
    """A narrow strip of a till: items, prices, total, date."""
    page = Image.new("RGB", (560, 1240), tint(layout, 238, 252))
    draw = ImageDraw.Draw(page)
    ink = "#2b2b30"
    draw.text((280, 60), content.words(2).upper(), ink, face(36, "bold"), "mm")
    draw.text((280, 110), content.words(3), ink, face(20, "mono"), "mm")
    draw.text((280, 140), f"VAT {content.digits(9)}", ink, face(20, "mono"), "mm")
    draw.text((30, 200), f"{content.number(1, 29):02}/04/2019", ink, face(20, "mono"))
    draw.text((530, 200), f"{content.digits(2)}:{content.digits(2)}", ink, face(20, "mono"), "ra")
    draw.text((280, 250), "-" * 42, ink, face(20, "mono"), "mm")
    for row in range(16):
        y = 290 + 44 * row
        draw.text((30, y), content.words(2).upper()[:22], ink, face(20, "mono"), "lm")
        price = f"{content.number(1, 90)}.{content.digits(2)}"
        draw.text((530, y), price, ink, face(20, "mono"), "rm")
    draw.text((280, 1000), "-" * 42, ink, face(20, "mono"), "mm")
    draw.text((30, 1040), "TOTAL", ink, face(32, "bold"), "lm")
    draw.text((530, 1040), f"{content.digits(3)}.{content.digits(2)}", ink, face(32, "bold"), "rm")
    draw.text((280, 1110), f"CARD **** {content.digits(4)}", ink, face(20, "mono"), "mm")
    draw.text((280, 1170), "thank you", ink, face(22), "mm")
    return page


def id_card(content: Content, layout: _Rng) -> Image.Image:
    """A badge: a drawn head, a name, numbers, two lines for machines."""
    page = Image.new("RGB", (860, 540), tint(layout, 215, 245))
    draw = ImageDraw.Draw(page)
    accent = tint(layout, 20, 130)
    draw.rectangle((0, 0, 860, 80), accent)
    draw.text((30, 40), "MEMBER CARD", "white", face(34, "bold"), "lm")
    draw.text((830, 40), content.script("greek", 2), "white", face(22), "rm")
    draw.rectangle((30, 110, 250, 390), "#c9d3dc", "#555555")
    skin = content.pick(["#e8c4a2", "#b98860", "#7d5235", "#f1d7c0"])
    hair = content.pick(["#2a1a10", "#6b4423", "#c9a227", "#777777"])
    draw.ellipse((65, 290, 215, 470), accent)
    draw.rectangle((30, 390, 250, 480), tint(layout, 225, 226))
    draw.ellipse((90, 170, 190, 310), skin)
    draw.chord((84, 150, 196, 290), 180, 360, hair)
    draw.ellipse((118, 228, 128, 238), "black")
    draw.ellipse((152, 228, 162, 238), "black")
    for row, label in enumerate(("Name", "Born", "Number", "Valid to")):
        y = 120 + 70 * row
        draw.text((290, y), label, "#555555", face(16))
        text = content.words(2).title() if row == 0 else content.digits(8)
        draw.text((290, y + 20), text, "black", face(28))
    for row in range(2):
        text = f"ID<{content.words(1).upper()}<<<{content.digits(9)}<<<<{content.digits(4)}<"
        draw.text((30, 440 + 40 * row), text, "black", face(26, "mono"))
    return page


def ticket(content: Content, layout: _Rng) -> Image.Image:
    """A ticket with a code of 29 x 29 modules, a seat and an hour."""
    page = Image.new("RGB", (1100, 480), "white")
    draw = ImageDraw.Draw(page)
    accent = tint(layout, 30, 200)
    draw.rectangle((0, 0, 700, 110), accent)
    draw.text((40, 55), content.words(2).upper(), "white", face(44, "bold"), "lm")
    draw.text((40, 160), content.words(4), "black", face(26), "lm")
    fields = (("ROW", content.number(1, 30)), ("SEAT", content.number(1, 60)))
    for place, (label, value) in enumerate(fields):
        draw.text((40 + 180 * place, 230), label, "#777777", face(18))
        draw.text((40 + 180 * place, 256), str(value), "black", face(46, "bold"))
    draw.text((420, 230), "HOUR", "#777777", face(18))
    draw.text((420, 256), f"{content.number(10, 24)}:{content.digits(2)}", "black", face(46))
    draw.text((40, 420), f"order {content.digits(10)}", "#444444", face(20, "mono"), "lm")
    for y in range(0, 480, 16):
        draw.line((720, y, 720, y + 8), "#888888", 2)
    modules = np.array(content.bits(29, 29))
    for row, column in ((0, 0), (0, 22), (22, 0)):
        modules[row : row + 7, column : column + 7] = True
        modules[row + 1 : row + 6, column + 1 : column + 6] = False
        modules[row + 2 : row + 5, column + 2 : column + 5] = True
    for row, column in np.argwhere(modules).tolist():
        x, y = 765 + 10 * column, 95 + 10 * row
        draw.rectangle((x, y, x + 9, y + 9), "black")
    return page
