"""The versions that are tested: write them into pyproject.toml, or say what differs from them.

    python .ci/tested.py write          # the newest that the bounds allow; then run .ci/run
    python .ci/tested.py list           # for pip install -c
    uv pip freeze | python .ci/tested.py differs

uv's lock file would say the same, and where each was downloaded from. The extras `gpu` and
`torch` are left out: a machine of its own tests the one, .ci/torch pins the other.
"""

import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
BLOCK = re.compile(r"(?<=^constraint-dependencies = \[\n).*?(?=^\]$)", re.M | re.S)
EXPORT = ["uv", "export", "--quiet", "--all-extras", "--no-extra=gpu", "--no-extra=torch",
          "--group=docs", "--no-hashes",
          "--no-header", "--no-annotate", "--no-emit-project"]  # fmt: skip


def tested() -> list[str]:
    """What pyproject.toml says, one package a line."""
    lines: list[str] = tomllib.loads(PROJECT.read_text())["tool"]["uv"]["constraint-dependencies"]
    return lines


def newest() -> list[str]:
    """What is resolved without it, for all Pythons and systems."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(BLOCK.sub("", PROJECT.read_text()))
        for name in ("README.md", "LICENSE"):
            (Path(folder) / name).write_bytes((PROJECT.parent / name).read_bytes())
        outside = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
        done = subprocess.run(
            EXPORT, cwd=folder, env=outside, check=True, stdout=subprocess.PIPE, text=True
        )
    return [line.replace('"', "'") for line in done.stdout.splitlines()]


def write() -> None:
    """Write the newest as those that are tested."""
    lines = "".join(f'    "{line}",\n' for line in newest())
    PROJECT.write_text(BLOCK.sub(lambda _: lines, PROJECT.read_text()))


def differing(installed: list[str]) -> list[str]:
    """Packages that are installed in a version that is not tested."""
    known: dict[str, set[str]] = {}
    for line in tested():
        name, _, version = line.partition(";")[0].strip().partition("==")
        known.setdefault(name, set()).add(version)
    found = dict(line.strip().split("==") for line in installed if "==" in line)
    return [
        f"{name} {version} (tested: {', '.join(sorted(known[name])) if name in known else 'none'})"
        for name, version in found.items()
        if version not in known.get(name, ())
    ]


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write"]:
            write()
        case ["list"]:
            print(*tested(), sep="\n")
        case ["differs"]:
            print(*differing(sys.stdin.readlines()), sep="\n")
        case _:
            sys.exit(__doc__)
