"""The example of docs/models.md: a Keras ResNet-50, exported, runs without TensorFlow.

Making it needs TensorFlow, which has an environment of its own: see `.ci/tensorflow`.
"""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

import dedup
from dedup.pipelines.models.methods import engine, model
from dedup.pipelines.models.own_models import Model

pytestmark = [
    pytest.mark.skipif(
        find_spec("tensorflow") is None, reason="TensorFlow makes the model, see .ci/tensorflow"
    ),
    pytest.mark.timeout(900),
]

# In a process of its own, so that nothing of TensorFlow is loaded where the model runs.
EXPORT = """
import sys
import keras
import numpy as np
import tensorflow

folder = sys.argv[1]
keras.utils.set_random_seed(0)
network = keras.applications.ResNet50(weights=None, include_top=False, pooling="avg")
network.export(f"{folder}/resnet50")
fixed = keras.applications.ResNet50(
    weights=None, include_top=False, pooling="avg", input_shape=(224, 224, 3)
)
fixed.set_weights(network.get_weights())
converter = tensorflow.lite.TFLiteConverter.from_keras_model(fixed)
with open(f"{folder}/resnet50.tflite", "wb") as file:
    file.write(converter.convert())
pictures = keras.applications.resnet50.preprocess_input(np.load(f"{folder}/pictures.npy"))
np.save(f"{folder}/vectors.npy", network.predict(pictures.astype(np.float32)))
"""
CAFFE = {"channels": "bgr", "scale": 1, "mean": (103.939, 116.779, 123.68)}


@pytest.fixture(scope="module")
def exported(tmp_path_factory, photos):
    """A folder with the network in both formats, and what Keras gives for the photos."""
    folder = tmp_path_factory.mktemp("keras")
    squares = [p.resize((224, 224), Image.Resampling.BILINEAR) for p in photos.values()]
    np.save(folder / "pictures.npy", np.stack([np.asarray(p, np.float32) for p in squares]))
    subprocess.run([sys.executable, "-c", EXPORT, str(folder)], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize(
    ("name", "settings"), [("resnet50", {"size": 224}), ("resnet50.tflite", {})]
)
def test_keras_resnet50_gives_what_keras_gives(exported, photos, name, settings):
    own = Model(exported / name, **settings, **CAFFE)
    ours = engine(model(own))([np.asarray(photo) for photo in photos.values()])
    keras = np.load(exported / "vectors.npy")
    assert ours.shape == keras.shape == (len(photos), 2048)
    expected = keras / np.linalg.norm(keras, axis=1, keepdims=True)
    assert (ours * expected).sum(axis=1).min() > 0.999  # bfloat16 on some processors
    # Random weights tell photos apart by little: what is left of them agrees as well.
    ours, expected = ours - ours.mean(axis=0), expected - expected.mean(axis=0)
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((ours * expected).sum(axis=1) / lengths).min() > 0.98


def test_duplicates_with_it(exported, sample_folder):
    own = Model(exported / "resnet50", size=224, candidates=0.95, **CAFFE)
    found = dedup.find_duplicates(sample_folder, method=own)
    assert sorted(len(group) for group in found.groups) == [3, 5]
    assert "tensorflow" not in sys.modules
