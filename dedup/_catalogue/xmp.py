"""XMP, the XML in which programs keep what is said of a picture: read, and written anew."""

import re
from typing import Final
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from dedup._catalogue.metadata import Metadata, date_of, place_of, rating_of, words_of

__all__ = ["read_xmp", "written_xmp"]

_SPACES: Final = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
for _prefix, _space in _SPACES.items():
    ElementTree.register_namespace(_prefix, _space)


def _named(name: str) -> str:
    prefix, own = name.split(":")
    return f"{{{_SPACES[prefix]}}}{own}"


_READ: Final = {
    _named(name): name.split(":")[1]
    for name in (
        *("exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate", "xmp:Rating"),
        *("exif:GPSLatitude", "exif:GPSLongitude", "dc:subject"),
    )
}


_DEGREES: Final = re.compile(r"(\d+),(\d+(?:\.\d+)?)(?:,(\d+(?:\.\d+)?))?([NSEW])")


def read_xmp(packet: bytes) -> Metadata:
    """What an XMP packet says; of XML that is broken, or defines entities, nothing is read."""
    said = _properties(packet)
    dates = (said.get(name, "") for name in ("DateTimeOriginal", "DateCreated", "CreateDate"))
    return Metadata(
        next(filter(None, map(date_of, dates)), ""),
        place_of(*(_angle(said.get(name, "")) for name in ("GPSLatitude", "GPSLongitude"))),
        rating_of(said.get("Rating")),
        words_of(said.get("subject", "").split("\n")),
    )


def _properties(packet: bytes) -> dict[str, str]:
    """What is said, by the names of the properties; several keywords one a line."""
    try:
        root = fromstring(packet.strip(b"\0 \r\n\t"))
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError):
        return {}
    said: dict[str, str] = {}
    for described in root.iter(_named("rdf:Description")):
        for name, value in described.attrib.items():
            if name in _READ:
                said.setdefault(_READ[name], value)
        for child in described:
            if child.tag in _READ:
                items = [item.text or "" for item in child.iter(_named("rdf:li"))]
                said.setdefault(_READ[child.tag], "\n".join(items) or (child.text or ""))
    return said


def written_xmp(known: Metadata) -> str:
    """A sidecar that says what is known of a picture."""
    root = ElementTree.Element(_named("x:xmpmeta"))
    described = ElementTree.SubElement(
        ElementTree.SubElement(root, _named("rdf:RDF")),
        _named("rdf:Description"),
        {_named("rdf:about"): ""},
    )
    said = {
        "exif:DateTimeOriginal": known.date,
        "photoshop:DateCreated": known.date,
        "xmp:Rating": str(known.rating or ""),
    }
    if known.place is not None:
        said |= {
            "exif:GPSLatitude": _written(known.place[0], "NS"),
            "exif:GPSLongitude": _written(known.place[1], "EW"),
        }
    for name, text in said.items():
        if text:
            ElementTree.SubElement(described, _named(name)).text = text
    if known.keywords:
        subject = ElementTree.SubElement(described, _named("dc:subject"))
        bag = ElementTree.SubElement(subject, _named("rdf:Bag"))
        for word in known.keywords:
            ElementTree.SubElement(bag, _named("rdf:li")).text = word
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _angle(text: str) -> float | None:
    """Degrees of "47,22.614N", or "47,22,37N"."""
    found = _DEGREES.fullmatch(text.strip())
    if not found:
        return None
    degrees, minutes, seconds, end = found.groups()
    angle = float(degrees) + float(minutes) / 60 + float(seconds or 0) / 3600
    return -angle if end in "SW" else angle


def _written(angle: float, ends: str) -> str:
    degrees, minutes = divmod(round(abs(angle) * 60, 6), 60)
    return f"{int(degrees)},{minutes:.6f}{ends[angle < 0]}"
