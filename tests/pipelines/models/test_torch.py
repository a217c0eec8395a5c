"""Checkpoints of torch: a ResNet-50 with ImageNet's or SSCD's head, in whatever file they are.

Needs torch, which has an environment of its own: see `.ci/torch`.
"""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from towhee import ops, pipe

import dedup
from dedup.pipelines import call, output
from dedup.pipelines.models.methods import engine, model
from dedup.pipelines.models.own_models import Model

torch = pytest.importorskip("torch", reason="needs the extra torch, see .ci/torch")
safetensors_torch = pytest.importorskip("safetensors.torch")
nn, functional = torch.nn, torch.nn.functional


class Block(nn.Module):
    """A bottleneck of a ResNet, with torchvision's names, and the stride on the 3 x 3."""

    def __init__(self, before, width, stride):
        super().__init__()
        after = 4 * width
        self.conv1 = nn.Conv2d(before, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after)
        self.downsample = None
        if stride != 1 or before != after:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x):
        y = functional.relu(self.bn1(self.conv1(x)))
        y = functional.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    """A ResNet-50 v1.5 with torchvision's names and random weights, its features averaged."""

    def __init__(self, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        before = 64
        for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 1):
            layers = []
            for block in range(blocks):
                layers.append(Block(before, width, 2 if stage > 1 and block == 0 else 1))
                before = 4 * width
            setattr(self, f"layer{stage}", nn.Sequential(*layers))
        self.fc = nn.Linear(2048, classes)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                nn.init.uniform_(part.weight, 0.3, 0.7)
                nn.init.normal_(part.bias, std=0.1)
                nn.init.normal_(part.running_mean, std=0.1)
                nn.init.uniform_(part.running_var, 0.8, 1.2)

    def features(self, x):
        x = functional.max_pool2d(functional.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        return self.layer4(self.layer3(self.layer2(self.layer1(x))))

    def forward(self, x):
        return self.features(x).mean(dim=(2, 3))


class Sscd(nn.Module):
    """What Meta publishes: the ResNet-50 as backbone, generalised mean pooling, 512 numbers."""

    def __init__(self):
        super().__init__()
        self.backbone = ResNet50(classes=512)

    def forward(self, x):
        x = self.backbone.features(x).clamp(min=1e-6).pow(3).mean(dim=(2, 3)).pow(1 / 3)
        return functional.normalize(self.backbone.fc(x))


@pytest.fixture(scope="module")
def resnet():
    torch.manual_seed(0)
    return ResNet50().eval()


@pytest.fixture(scope="module")
def sscd():
    torch.manual_seed(1)
    return Sscd().eval()


def expected(network, image):
    """A picture's embedding, by the network as the test has it."""
    square = image.resize((224, 224), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.asarray(square) / np.float32(255)).permute(2, 0, 1)
    mean, std = (torch.tensor(x).reshape(3, 1, 1) for x in (IMAGENET_MEAN, IMAGENET_STD))
    with torch.inference_mode():
        vector = network(((pixels - mean) / std)[None])[0].numpy()
    return vector / np.linalg.norm(vector)


IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def saved(weights, path):
    if path.suffix == ".safetensors":
        safetensors_torch.save_file({n: one.contiguous() for n, one in weights.items()}, path)
    else:
        torch.save(weights, path)
    return path


@pytest.mark.parametrize("name", ["resnet50.pth", "resnet50.pt", "resnet50.safetensors"])
def test_imagenet_resnet50_is_the_tutorials_embedding(resnet, photos, tmp_path, name):
    path = saved(resnet.state_dict(), tmp_path / name)
    embed = engine(model(Model(path)))
    vectors = embed([np.asarray(photo) for photo in photos.values()])
    assert vectors.shape == (len(photos), 2048)
    for vector, photo in zip(vectors, photos.values(), strict=True):
        np.testing.assert_allclose(vector, expected(resnet, photo), atol=1e-5)


def test_checkpoints_of_training_scripts_are_unwrapped(resnet, photos, tmp_path):
    weights = {f"module.{name}": one for name, one in resnet.state_dict().items()}
    path = saved({"epoch": 90, "state_dict": weights}, tmp_path / "checkpoint.pth")
    (vector,) = engine(model(Model(path)))([np.asarray(photos["coffee"])])
    np.testing.assert_allclose(vector, expected(resnet, photos["coffee"]), atol=1e-5)


def test_sscd_of_meta(sscd, photos, tmp_path):
    path = saved(sscd.state_dict(), tmp_path / "sscd_disc_mixup.torchvision.pt")
    (vector,) = engine(model(Model(path)))([np.asarray(photos["coffee"])])
    assert vector.shape == (512,)
    np.testing.assert_allclose(vector, expected(sscd, photos["coffee"]), atol=1e-5)


@pytest.fixture
def torchscript(sscd, tmp_path):
    path = tmp_path / "sscd_disc_mixup.torchscript.pt"
    with torch.inference_mode():
        torch.jit.trace(sscd, torch.zeros(1, 3, 224, 224)).save(path)
    return path


def test_torchscript_is_a_program_and_runs_if_it_is_trusted(sscd, torchscript, photos):
    with pytest.raises(dedup.ModelError, match=r"is TorchScript, a program.*trusted=True"):
        engine(model(Model(torchscript)))
    (vector,) = engine(model(Model(torchscript, trusted=True)))([np.asarray(photos["coffee"])])
    np.testing.assert_allclose(vector, expected(sscd, photos["coffee"]), atol=1e-5)


def test_duplicates_with_imagenets_resnet50(resnet, sample_folder, tmp_path):
    method = Model(saved(resnet.state_dict(), tmp_path / "resnet50.pth"), candidates=0.9)
    found = dedup.find_duplicates(sample_folder, method=method)
    assert sorted(len(group) for group in found.groups) == [3, 5]
    again = dedup.find_duplicates(sample_folder, method=method)
    assert (again.embedded, len(again.groups)) == (0, 2)


def test_method_resnet50_takes_the_file_that_the_environment_names(
    resnet, sample_folder, tmp_path, monkeypatch
):
    path = saved(resnet.state_dict(), tmp_path / "weights.safetensors")
    monkeypatch.setenv("DEDUP_RESNET50", str(path))
    found = dedup.find_duplicates(sample_folder, method="resnet50", candidates=0.9)
    assert sorted(len(group) for group in found.groups) == [3, 5]


def test_tutorials_operator_under_the_tutorials_name(resnet, folder, photos, tmp_path, monkeypatch):
    path = saved(resnet.state_dict(), tmp_path / "resnet50.pth")
    monkeypatch.setenv("DEDUP_RESNET50", str(path))
    tutorial = output(
        pipe.input("path")
        .map("path", "image", ops.image_decode.cv2("rgb"))
        .map("image", "vector", ops.image_embedding.timm(model_name="resnet50")),
        "vector",
    )
    vector = call(tutorial, str(folder / "camera.png")).get()[0]
    np.testing.assert_allclose(vector, expected(resnet, photos["camera"]), atol=1e-5)


def without(weights, name):
    return {known: one for known, one in weights.items() if known != name}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda w: without(w, "layer3.5.bn2.running_var"),
            r"it lacks layer3\.5\.bn2\.running_var$",
        ),
        (lambda w: {**w, "layer3.6.conv1.weight": w["conv1.weight"]}, r"besides layer3\.6\.conv1"),
        (lambda w: {**w, "conv1.weight": torch.zeros(64, 1, 7, 7)}, r"another shape conv1\.weight"),
        (lambda w: {"weights": [1, 2, 3]}, "is no state dict"),
        (lambda w: {"features.0.weight": w["conv1.weight"]}, "does not hold a ResNet-50"),
    ],
)
def test_weights_of_another_network_are_refused_by_name(resnet, tmp_path, change, message):
    path = saved(change(resnet.state_dict()), tmp_path / "other.pth")
    with pytest.raises(dedup.ModelError, match=message) as refused:
        dedup.ImageIndex(tmp_path / "photos.db", method=Model(path))
    assert "other.pth" in str(refused.value)
    assert not (tmp_path / "photos.db").exists()


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["trap.pth", "trap.pt", "trap.safetensors"])
def test_nothing_in_a_checkpoint_is_executed(tmp_path, name):
    sprung = tmp_path / "sprung"
    path = tmp_path / name
    if path.suffix == ".pt":
        torch.save({"conv1.weight": Trap(sprung)}, path)
    else:
        path.write_bytes(pickle.dumps({"conv1.weight": Trap(sprung)}))
    with pytest.raises(dedup.ModelError, match=f"{name} can't be read as weights alone"):
        engine(model(Model(path)))
    assert not sprung.exists()
    if path.suffix == ".pt":  # the trap works where it is not avoided
        torch.load(path, weights_only=False)
        assert sprung.exists()


def test_junk_is_refused(tmp_path):
    (tmp_path / "junk.pth").write_bytes(b"junk")
    with pytest.raises(dedup.ModelError, match=r"junk\.pth can't be read as weights alone"):
        engine(model(Model(tmp_path / "junk.pth")))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a card here")
def test_without_a_card_that_is_said(resnet, tmp_path):
    path = saved(resnet.state_dict(), tmp_path / "resnet50.pth")
    with pytest.raises(dedup.ModelError, match=r"no such NVIDIA card.*dedup-vision\[torch\]"):
        dedup.ImageIndex(tmp_path / "photos.db", method=Model(path), device="cuda")
    assert not (tmp_path / "photos.db").exists()
