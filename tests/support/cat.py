"""A photo of a cat, its captioned copy, and how groups of the two are found at once."""

import skimage.data
from PIL import Image, ImageDraw

import dedup


def cat():
    return Image.fromarray(skimage.data.chelsea())


def with_caption(photo):
    copy = Image.new("RGB", (photo.width, photo.height + 60), "white")
    copy.paste(photo)
    ImageDraw.Draw(copy).text((20, photo.height + 10), "Look at this cat", "black", font_size=32)
    return copy


def find(folder, **options):
    return dedup.find_duplicates(folder, cache=False, method="phash", candidates=24, **options)
