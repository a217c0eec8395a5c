"""Images as the bytes of a file."""

import io
import warnings


def saved(image, file_format, **settings):
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's plugins tell how they write
        image.copy().save(data, file_format, **settings)  # a save leaves traces in an image
    return data.getvalue()


def jpeg(image, *, quality=95, **settings):
    return saved(image, "JPEG", quality=quality, **settings)
