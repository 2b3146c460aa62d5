"""Take the README's picture, the α-β grid, out of the built chapter 11, and print its description.

Run after `make book`: python book/readme_picture.py
"""

import base64
import html
import io
import re
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "build" / "site" / "chapters" / "11_clustered_prior.html"
PICTURE = ROOT / "book" / "alpha-beta-grid.png"
IMAGE = re.compile(r'<img src="data:image/png;base64,(?P<png>[^"]+)" alt="(?P<alt>[^"]+)"')


def main() -> None:
    """Write the first picture whose description speaks of both knobs."""
    for image in IMAGE.finditer(PAGE.read_text("utf-8")):
        description = html.unescape(image["alt"])
        if "α" in description and "β" in description:
            picture = Image.open(io.BytesIO(base64.b64decode(image["png"])))
            picture.convert("RGB").quantize(64).save(PICTURE, optimize=True)
            print(f"{PICTURE.relative_to(ROOT)}: {description}")
            return
    raise SystemExit(f"{PAGE} has no picture of the grid; run `make book` first")


if __name__ == "__main__":
    main()
