"""The examples in the docstrings run, and give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import dedup
import dedup.data
import dedup.pipelines

MODULES = sorted(
    {
        module.name
        for package in (dedup, dedup.pipelines, dedup.data)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.ispkg
    }
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


def test_modules_of_all_packages_are_looked_at():
    assert {
        "dedup._index.find",
        "dedup._verification.align",
        "dedup.pipelines.build",
        "dedup.data.sample",
    } <= set(MODULES)


@pytest.mark.thorough
@pytest.mark.parametrize("name", MODULES)
def test_examples(name, request):
    module = importlib.import_module(name)
    assert module.__doc__
    known = {"getfixture": request.getfixturevalue}
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    report = []
    for example in doctest.DocTestFinder().find(module, extraglobs=known):
        runner.run(example, out=report.append)
    assert runner.failures == 0, "".join(report)
