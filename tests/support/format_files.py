"""One photo in every format that people have, as files made here; what is not read, too."""

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass

import handmade
import numpy as np
import tifffile
from encoded import STORED, jpeg, saved
from PIL import Image, ImageCms


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    `build` gives its bytes from a photo and another one, which is what later frames show.
    `far` is how far from the photo (if `grey`, without its colours) its picture may be, in
    grey levels on average.
    """

    format: str
    what: str
    name: str
    build: Callable[[Image.Image, Image.Image], bytes]
    far: float = 4.0
    grey: bool = False
    extra: str = ""
    shows: str = ""


def several(image, other, file_format, **settings):
    return saved(image, file_format, save_all=True, append_images=[other.copy()], **settings)


def orientation(number):
    exif = Image.Exif()
    exif[0x0112] = number
    return exif.tobytes()


def converted(image, profile, mode="RGB"):
    """The colours of an sRGB image as a profile has them."""
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), target, outputMode=mode)


def heif(image, *others, **settings):
    from pillow_heif import from_pillow

    data = io.BytesIO()
    file = from_pillow(image)
    for other in others:
        file.add_from_pillow(other)
    file.save(data, quality=90, **settings)
    return data.getvalue()


def jxl(image, **settings):
    import pillow_jxl  # noqa: F401

    return saved(image, "JXL", **settings)


def jxl_of_jpeg(image):
    """A JPEG packed without loss; the plugin packs what it can read from a file."""
    import pillow_jxl

    return pillow_jxl.Encoder(mode="RGB", lossless=True)(
        jpeg(image), image.width, image.height, jpeg_encode=True
    )


def tiff(pixels, **settings):
    data = io.BytesIO()
    tifffile.imwrite(data, pixels, **settings)
    return data.getvalue()


def deep(image):
    return np.asarray(image).astype(np.uint16) * 257


def grey(image):
    return np.asarray(image.convert("L"))


def with_alpha(image, value=255):
    image = image.convert("RGBA")
    image.putalpha(value)
    return image


def lab(image):
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    return ImageCms.applyTransform(image, to_lab)


def wide(image):
    return converted(image, handmade.rgb_profile(handmade.DISPLAY_P3))


def profile_of(primaries):
    return {"icc_profile": handmade.rgb_profile(primaries)}


def cut(data, share=0.6):
    return data[: round(len(data) * share)]


P3, JPEG = handmade.DISPLAY_P3, jpeg

READ = (
    Kind("JPEG", "baseline", "baseline.jpg", lambda a, b: JPEG(a)),
    Kind("JPEG", "progressive", "progressive.jpg", lambda a, b: JPEG(a, progressive=True)),
    Kind("JPEG", "grey", "grey.jpg", lambda a, b: JPEG(a.convert("L")), grey=True),
    Kind("JPEG", "RGB, not YCbCr (Adobe marker)", "rgb.jpg", lambda a, b: JPEG(a, keep_rgb=True)),
    Kind("JPEG", "CMYK, Adobe marker", "cmyk.jpg", lambda a, b: JPEG(a.convert("CMYK"))),
    Kind("JPEG", "YCCK, Adobe marker", "ycck.jpg", lambda a, b: handmade.ycck_jpeg(a)),
    Kind(
        *("JPEG", "CMYK without a marker", "cmyk-plain.jpg"),
        lambda a, b: handmade.cmyk_jpeg_without_marker(a),
    ),
    Kind("JPEG", "other bytes after its end", "tail.jpg", lambda a, b: JPEG(a) + b"tail" * 999),
    *(
        Kind(
            *("JPEG", "EXIF orientation 1 to 8", f"exif-{number}.jpg"),
            lambda a, b, number=number: JPEG(STORED[number](a), exif=orientation(number)),
            shows="upright",
        )
        for number in STORED
    ),
    Kind("MPO", "two pictures of a stereo camera", "stereo.mpo",
        lambda a, b: several(a, b, "MPO"), shows="the first, then the others"),
    Kind("PNG", "RGB", "rgb.png", lambda a, b: saved(a, "PNG")),
    Kind("PNG", "palette", "palette.png", lambda a, b: saved(a.quantize(256), "PNG"), far=6),
    Kind("PNG", "grey", "grey.png", lambda a, b: saved(a.convert("L"), "PNG"), grey=True),
    Kind("PNG", "alpha", "alpha.png", lambda a, b: saved(with_alpha(a), "PNG"),
        shows="over white or black"),
    Kind("PNG", "16-bit grey", "grey-16.png",
        lambda a, b: handmade.png(deep(a.convert("L"))[..., None]), grey=True, shows="as 8 bits"),
    Kind("PNG", "16-bit RGB", "rgb-16.png", lambda a, b: handmade.png(deep(a)),
        shows="as 8 bits"),
    Kind("PNG", "16-bit RGB with alpha", "alpha-16.png",
        lambda a, b: handmade.png(deep(with_alpha(a))), shows="as 8 bits, over white or black"),
    Kind("PNG", "interlaced", "interlaced.png",
        lambda a, b: handmade.png(np.asarray(a), interlaced=True)),
    Kind("PNG", "animated (APNG)", "animated.png",
        lambda a, b: several(a, b, "PNG"), shows="the first frame, then the others"),
    Kind("GIF", "palette", "still.gif", lambda a, b: saved(a, "GIF"), far=6),
    Kind("GIF", "animated", "animated.gif",
        lambda a, b: several(a, b, "GIF"), far=6,
        shows="the first frame, then the others"),
    Kind("WebP", "lossy", "lossy.webp", lambda a, b: saved(a, "WEBP", quality=90)),
    Kind("WebP", "lossless, alpha", "alpha.webp",
        lambda a, b: saved(with_alpha(a), "WEBP", lossless=True), shows="over white or black"),
    Kind("WebP", "animated", "animated.webp",
        lambda a, b: several(a, b, "WEBP"),
        shows="the first frame, then the others"),
    Kind("AVIF", "lossy", "lossy.avif", lambda a, b: saved(a, "AVIF", quality=80)),
    Kind("AVIF", "turned", "turned.avif",
        lambda a, b: saved(STORED[6](a), "AVIF", quality=80, exif=orientation(6)),
        shows="upright"),
    Kind("AVIF", "animated", "animated.avif",
        lambda a, b: several(a, b, "AVIF", quality=80),
        shows="the first frame, then the others"),
    Kind("HEIC", "lossy", "lossy.heic", lambda a, b: heif(a), extra="heif"),
    Kind("HEIC", "turned, as phones write it", "turned.heic",
        lambda a, b: heif(STORED[6](a), exif=orientation(6)), extra="heif", shows="upright"),
    Kind("HEIC", "several pictures", "several.heic",
        heif, extra="heif",
        shows="the primary one, then the others"),
    Kind("JPEG XL", "lossy", "lossy.jxl", lambda a, b: jxl(a), extra="jxl"),
    Kind("JPEG XL", "lossless, alpha", "alpha.jxl",
        lambda a, b: jxl(with_alpha(a), lossless=True), extra="jxl", shows="over white or black"),
    Kind("JPEG XL", "of a JPEG, without loss", "of-jpeg.jxl", lambda a, b: jxl_of_jpeg(a),
        extra="jxl"),
    Kind("JPEG 2000", "JP2", "plain.jp2", lambda a, b: saved(a, "JPEG2000")),
    Kind("JPEG 2000", "bare code stream, lossy", "stream.j2k",
        lambda a, b: saved(a, "JPEG2000", no_jp2=True, irreversible=True,
            quality_mode="dB", quality_layers=[40])),
    Kind("TIFF", "RGB", "plain.tif", lambda a, b: saved(a, "TIFF")),
    Kind("TIFF", "LZW", "lzw.tif", lambda a, b: saved(a, "TIFF", compression="tiff_lzw")),
    Kind("TIFF", "JPEG inside", "jpeg.tif",
        lambda a, b: saved(a, "TIFF", compression="jpeg", quality=90)),
    Kind("TIFF", "several pages", "pages.tif",
        lambda a, b: several(a, b, "TIFF"), shows="the first page, then the others"),
    Kind("TIFF", "16-bit grey", "grey-16.tif", lambda a, b: tiff(deep(a.convert("L"))), grey=True,
        shows="as 8 bits"),
    Kind("TIFF", "16-bit RGB", "rgb-16.tif",
        lambda a, b: tiff(deep(a), photometric="rgb"), shows="as 8 bits"),
    Kind("TIFF", "32-bit float grey", "float.tif",
        lambda a, b: tiff((grey(a) / 255).astype(np.float32)), grey=True, shows="as 8 bits"),
    Kind("TIFF", "CMYK", "cmyk.tif", lambda a, b: saved(a.convert("CMYK"), "TIFF")),
    Kind("TIFF", "CIE L\\*a\\*b\\*", "lab.tif", lambda a, b: saved(lab(a), "TIFF")),
    Kind("TIFF", "BigTIFF, tiles", "tiles.tif",
        lambda a, b: tiff(np.asarray(a), photometric="rgb", bigtiff=True, tile=(64, 64),
            compression="zlib")),
    Kind("BMP", "RGB", "plain.bmp", lambda a, b: saved(a, "BMP")),
    Kind("BMP", "palette", "palette.bmp", lambda a, b: saved(a.quantize(256), "BMP"), far=6),
    Kind("ICO", "several sizes", "sizes.ico", lambda a, b: saved(a, "ICO"), far=8,
        shows="the largest"),
    Kind("PPM, PGM, PBM", "PPM", "plain.ppm", lambda a, b: saved(a, "PPM")),
    Kind("PPM, PGM, PBM", "16-bit PGM", "grey-16.pgm",
        lambda a, b: saved(Image.fromarray(deep(a.convert("L"))), "PPM"), grey=True,
        shows="as 8 bits"),
    Kind("Photoshop", "PSD with a merged picture", "merged.psd", lambda a, b: handmade.psd(a)),
    Kind("PCX", "RGB", "plain.pcx", lambda a, b: saved(a, "PCX")),
    Kind("TGA", "RGB", "plain.tga", lambda a, b: saved(a, "TGA")),
    Kind("QOI", "RGB", "plain.qoi", lambda a, b: saved(a, "QOI")),
    Kind("SGI", "RGB", "plain.sgi", lambda a, b: saved(a, "SGI")),
    Kind("DDS", "RGB", "plain.dds", lambda a, b: saved(a, "DDS")),
    Kind("Camera RAW", "with the camera's JPEG, 640 pixels high or more", "preview.dng",
        lambda a, b: handmade.dng(b.resize((1920, 1280)), preview=a.resize((960, 640))),
        extra="raw", shows="the camera's JPEG"),
    Kind("Camera RAW", "without", "sensor.dng", lambda a, b: handmade.dng(a), far=16,
        extra="raw", shows="developed by LibRaw"),
    Kind("ICC profile", "wide gamut, in a JPEG", "wide.jpg",
        lambda a, b: JPEG(wide(a), **profile_of(P3)), shows="as sRGB"),
    Kind("ICC profile", "wide gamut, in a PNG with alpha", "wide.png",
        lambda a, b: saved(with_alpha(wide(a)), "PNG", **profile_of(P3)), shows="as sRGB"),
    Kind("ICC profile", "inks, in a CMYK TIFF", "inks.tif",
        lambda a, b: saved(a.convert("CMYK"), "TIFF", icc_profile=handmade.cmyk_profile()),
        far=20, shows="as sRGB"),
    Kind("ICC profile", "damaged", "damaged-profile.jpg",
        lambda a, b: JPEG(a, icc_profile=b"\0" * 200), shows="profile ignored"),
    Kind("ICC profile", "senseless: all ink is dark", "dark.tif",
        lambda a, b: saved(a.convert("CMYK"), "TIFF",
            icc_profile=handmade.cmyk_profile(dark=True)), shows="profile ignored"),
    Kind("Wrong name", "a PNG called .jpg", "png.jpg", lambda a, b: saved(a, "PNG")),
    Kind("Wrong name", "a JPEG called .heic", "jpeg.heic", lambda a, b: JPEG(a)),
    Kind("Wrong name", "a JPEG called .dng", "jpeg.dng", lambda a, b: JPEG(a)),
    Kind("Wrong name", "a WebP called .txt", "webp.txt", lambda a, b: saved(a, "WEBP")),
    Kind("Wrong name", "a RAW file called .tif", "raw.tif", lambda a, b: handmade.dng(a),
        far=16, extra="raw"),
    Kind("Wrong name", "no suffix", "photo", lambda a, b: JPEG(a)),
)  # fmt: skip

_SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'

NOT_READ = (
    Kind("JPEG", "truncated", "cut.jpg", lambda a, b: cut(JPEG(a))),
    Kind("PNG", "truncated", "cut.png", lambda a, b: cut(saved(a, "PNG"))),
    Kind("GIF", "truncated", "cut.gif", lambda a, b: cut(saved(a, "GIF"))),
    Kind("WebP", "truncated", "cut.webp", lambda a, b: cut(saved(a, "WEBP"))),
    Kind("AVIF", "truncated", "cut.avif", lambda a, b: cut(saved(a, "AVIF"))),
    Kind("HEIC", "truncated", "cut.heic", lambda a, b: cut(heif(a)), extra="heif"),
    Kind("JPEG XL", "truncated", "cut.jxl", lambda a, b: cut(jxl(a)), extra="jxl"),
    Kind("Camera RAW", "damaged", "cut.cr2", lambda a, b: b"II*\0\x10\0\0\0CR\2\0" + b"?" * 999,
        extra="raw"),
    Kind("TIFF", "32-bit float RGB", "float-rgb.tif",
        lambda a, b: tiff((np.asarray(a) / 255).astype(np.float32), photometric="rgb"),
        extra="raw"),
    Kind("TIFF", "16-bit RGB, a plane after the other", "planes.tif",
        lambda a, b: tiff(np.moveaxis(deep(a), -1, 0).copy(), photometric="rgb",
            planarconfig="separate")),
    Kind("PNG", "60,000 x 60,000 pixels", "bomb.png",
        lambda a, b: handmade.png_of_size(60_000, 60_000)),
    Kind("SVG", "drawing", "drawing.svg", lambda a, b: _SVG),
    Kind("SVG", "compressed", "drawing.svgz", lambda a, b: gzip.compress(_SVG, mtime=0)),
    Kind("EPS", "drawing", "drawing.eps", lambda a, b: saved(a, "EPS")),
    Kind("PDF", "document", "pages.pdf", lambda a, b: saved(a, "PDF")),
    Kind("Video", "MP4", "film.mp4", lambda a, b: b"\0\0\0\x18ftypmp42" + bytes(500)),
    Kind("Others", "text", "notes.txt", lambda a, b: b"Some text, no picture at all.\n"),
    Kind("Others", "empty file", "empty.jpg", lambda a, b: b""),
)  # fmt: skip
