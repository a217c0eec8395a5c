"""Tars and zip files, as tests make them."""

import io
import tarfile
import zipfile

from dedup._catalogue.discover import discover


def tar_of(path, files):
    """A tar of names and bytes, or of ready headers and bytes."""
    with tarfile.open(path, "w") as tar:
        for name, data in files:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def zip_of(path, files, *, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return path


def of_kind(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def found_in(path):
    """Names of the images in an archive, and reasons of what is left out."""
    found = discover(path)
    inside = len(str(path)) + 1
    return [one.name[inside:] for one in found.files], {
        one.path[inside:]: one.reason for one in found.skipped
    }
