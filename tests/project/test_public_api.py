"""What `dedup` offers is what it lists, and all of it is documented."""

import inspect
import pkgutil
import re
import types
from importlib import metadata
from pathlib import Path

import pytest

import dedup

MODULES = ["distributed", "labels", "metrics", "plots"]
NAMES = [f"dedup.{name}" for name in dedup.__all__ if name not in [*MODULES, "__version__"]] + [
    f"dedup.{module}.{name}" for module in MODULES for name in getattr(dedup, module).__all__
]


def test_list_is_sorted_and_is_all_that_is_public():
    public = [
        name
        for name in dir(dedup)
        if not name.startswith("_") and not isinstance(getattr(dedup, name), types.ModuleType)
    ]
    assert dedup.__all__ == sorted(dedup.__all__) == sorted([*public, *MODULES, "__version__"])


def test_version_is_that_of_the_distribution():
    assert dedup.__version__ == metadata.version("dedup-vision")


@pytest.mark.parametrize("name", MODULES)
def test_modules_list_what_they_offer(name):
    module = getattr(dedup, name)
    assert module.__all__ == sorted(module.__all__)


def test_site_has_every_name_once():
    pages = (Path(__file__).parents[2] / "docs" / "api").glob("*.md")
    listed = re.findall(r"^::: dedup\.(\w+)$", "\n".join(page.read_text() for page in pages), re.M)
    assert sorted([*listed, "__version__"]) == dedup.__all__


@pytest.mark.parametrize("path", NAMES)
def test_name_and_its_methods_have_docstrings(path):
    name = path.rpartition(".")[2]
    thing = pkgutil.resolve_name(path)
    assert thing.__doc__
    assert not thing.__doc__.startswith(f"{name}(")  # as dataclasses write it themselves
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member}"


@pytest.mark.parametrize(
    "function",
    [
        dedup.calibrate,
        dedup.find_duplicates,
        dedup.ImageIndex,
        dedup.ImageIndex.duplicates,
        dedup.labels.Labels.of_groups,
        dedup.plots.borderline,
        dedup.score_pairs,
        dedup.tune,
    ],
)
def test_settings_are_keyword_only(function):
    kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
    later = {inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD}
    assert set(kinds[1:]) <= later


def test_every_error_is_a_dedup_error():
    errors = [
        getattr(dedup, name) for name in dedup.__all__ if name.endswith(("Error", "Mismatch"))
    ]
    assert len(errors) >= 7
    assert all(issubclass(error, dedup.DedupError) for error in errors)
    assert issubclass(dedup.InputError, ValueError)
