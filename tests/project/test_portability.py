"""Code that other systems run too: what only POSIX has is used with a way out, and no shell is."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dedup
import dedup.data
import dedup.pipelines

# Windows has none of these; the last is not everywhere on POSIX either.
MODULES = ("fcntl", "grp", "pwd", "resource", "termios")
FUNCTIONS = ("chown", "lchown", "fork", "geteuid", "getuid", "mkfifo", "statvfs",
             "sched_getaffinity")  # fmt: skip
CONSTANTS = ("O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_CLOEXEC")

SCRIPT = f"""
import builtins, os, sys, types
import dedup

folder = sys.argv[1]
# What others need of POSIX is their own.
dedup.find_duplicates(folder, method="phash", cache=False, progress=False)
ours = [name for name in sys.modules if name.split(".")[0] == "dedup"]
importing = builtins.__import__
other_os = types.ModuleType("os")
vars(other_os).update((k, v) for k, v in vars(os).items() if k not in {FUNCTIONS!r})

def without_posix(name, globals=None, *others):
    if (globals or {{}}).get("__name__", "").startswith("dedup"):
        if name in {MODULES!r}:
            raise ModuleNotFoundError(name)
        if name == "os":
            return other_os
    return importing(name, globals, *others)

builtins.__import__ = without_posix
for name in ours:
    del sys.modules[name]
import dedup

found = dedup.find_duplicates(folder, method="phash", cache=False, progress=False)
print(len(found.groups), sum(len(group.remove) for group in found.groups))
found.report(folder + ".html", progress=False)
applied = found.plan(quarantine=folder + "-aside").apply(progress=False)
print(len(applied.failed), len(os.listdir(folder)))
print(len(dedup.undo(applied.journal, progress=False).failed), len(os.listdir(folder)))
"""


@pytest.mark.thorough
def test_main_path_without_what_only_posix_has(sample_folder, tmp_path):
    folder = shutil.copytree(sample_folder, tmp_path / "photos")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    groups, applied, undone = (line.split() for line in done.stdout.splitlines())
    assert groups[0] == "2"
    assert applied == ["0", str(8 - int(groups[1]))]
    assert undone == ["0", "8"]


@pytest.mark.thorough
def test_no_command_is_run():
    """Neither through a shell nor otherwise: names of files reach no other program."""
    folders = [Path(package.__file__).parent for package in (dedup, dedup.pipelines, dedup.data)]
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [alias.name for alias in node.names] + [getattr(node, "module", "") or ""]
                assert not {"subprocess", "pty"} & set(names), path
            if isinstance(node, ast.Attribute):
                assert node.attr not in {"system", "popen", "startfile"}, (path, node.lineno)
                assert node.attr not in CONSTANTS, (path, node.lineno)
