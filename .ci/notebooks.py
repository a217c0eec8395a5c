"""Execute the notebooks again and keep their outputs, small and without traces of this machine.

    uv run python .ci/notebooks.py [NOTEBOOK ...]    # by default all

GitHub and the site show what lies in them. `tests/project/test_notebooks.py` asks whether an
execution still gives what they hold.
"""

import base64
import os
import re
import sys
import tempfile
from html import escape
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
# Seconds a cell may take, on a machine that does other work too.
PATIENCE = 600
_QUALITY = 50
_COLOURS = 64
_IN_HTML = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=]+)")


def executed(path: Path) -> nbformat.NotebookNode:
    """A notebook, executed in a folder that is thrown away, with no cache of earlier runs."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        place = {"metadata": {"path": folder}}
        client = NotebookClient(
            notebook,
            timeout=PATIENCE,
            resources=place,
            record_timing=False,
            coalesce_streams=True,
        )
        client.execute(env=os.environ | {"XDG_CACHE_HOME": folder})
    notebook.metadata = {
        "kernelspec": notebook.metadata["kernelspec"],
        "language_info": {"name": "python"},
    }
    return shrunk(notebook)


def shrunk(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same notebook with small pictures, and without what only a kernel can show."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_shrunk(output) for output in cell.outputs if not _is_widget(output)]
    return notebook


def _is_widget(output: nbformat.NotebookNode) -> bool:
    """Progress bars, which mean nothing once they are at their end."""
    return "application/vnd.jupyter.widget-view+json" in output.get("data", {})


def _shrunk(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    data = output.get("data", {})
    for kind in sorted(data.keys() & {"image/png", "image/jpeg"}):
        # As HTML, since most that shows notebooks leaves out the text of other pictures.
        alt = escape(output["metadata"].pop(kind)["alt"])
        data["text/html"] = f'<img alt="{alt}" src="data:{kind};base64,{data.pop(kind).strip()}">'
        output["metadata"] = {}
    if "text/html" in data:
        data["text/html"] = _IN_HTML.sub(_embedded, data["text/html"])
        # Towhee names each picture in the cell beside it.
        data["text/html"] = data["text/html"].replace("<img src=", '<img alt="" src=')
    return output


def _embedded(match: re.Match[str]) -> str:
    kind, encoded = _encoded(base64.b64decode(match[1]))
    return f"data:{kind};base64,{encoded}"


def _encoded(picture: bytes) -> tuple[str, str]:
    """A picture in the fewest bytes: JPEG for photos, PNG of few colours for plots."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    jpeg, png = BytesIO(), BytesIO()
    image.save(jpeg, "JPEG", quality=_QUALITY, optimize=True)
    image.quantize(_COLOURS).save(png, "PNG", optimize=True)
    kind, data = min(
        ("image/jpeg", jpeg), ("image/png", png), key=lambda one: len(one[1].getvalue())
    )
    return kind, base64.b64encode(data.getvalue()).decode()


if __name__ == "__main__":
    for given in map(Path, sys.argv[1:] or NOTEBOOKS):
        nbformat.write(executed(given), given)
        print(f"{given.name}: {given.stat().st_size / 1000:.0f} kB")
