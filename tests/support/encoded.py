"""Images as the bytes of a file, and as cameras store them."""

import io
import warnings

from PIL import Image, ImageOps

# What turns an upright picture into the one that a camera stores with this EXIF orientation.
STORED = {
    1: lambda image: image,
    2: ImageOps.mirror,
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: ImageOps.flip,
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


def saved(image, file_format, **settings):
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's plugins tell how they write
        image.copy().save(data, file_format, **settings)  # a save leaves traces in an image
    return data.getvalue()


def jpeg(image, *, quality=95, **settings):
    return saved(image, "JPEG", quality=quality, **settings)
