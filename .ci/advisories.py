"""No version with a known hole (advisories.toml) is tested, or allowed by the bounds."""

import sys
import tomllib
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

HERE = Path(__file__).parent


def lowest(requirement: Requirement) -> Version:
    """The lowest version that a requirement allows."""
    bounds = [Version(s.version) for s in requirement.specifier if s.operator in (">=", "==")]
    return max(bounds, default=Version("0"))


def main() -> None:
    """Print what is allowed or tested and should not be, and fail if there is any."""
    known = tomllib.loads((HERE / "advisories.toml").read_text())
    content = tomllib.loads((HERE.parent / "pyproject.toml").read_text())
    project = content["project"]
    groups = {
        "tested": content["tool"]["uv"]["constraint-dependencies"],
        "needed to build": content["build-system"]["requires"],
        "allowed": [*project["dependencies"], *chain(*project["optional-dependencies"].values())],
    }
    wrong = [
        f"{requirement.name} {lowest(requirement)} is {how}, and older than {advisory['first']}: "
        f"{advisory['source']}"
        for how, lines in groups.items()
        for requirement in map(Requirement, lines)
        if (advisory := known.get(canonicalize_name(requirement.name)))
        and lowest(requirement) < Version(advisory["first"])
    ]
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
