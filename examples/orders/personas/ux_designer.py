"""The UX designer: a flow per feature, and wireframes, drawn and written, that have room for what the partners really send."""

from __future__ import annotations

import csv
import json
import os
import sys
from io import BytesIO
from pathlib import Path
from statistics import mode

from findings import deliver, redo, told
from PIL import Image, ImageDraw, ImageFont

WORK = Path(__file__).parent / "work" / "ux-designer"


def main() -> None:
    """Draw ux/wireframe.png and write UX.md."""
    task = json.loads(Path(os.environ["PHASEGATE_TASK"]).read_text(encoding="utf-8"))
    samples = sorted(Path("data").glob("*.csv"))
    currencies = sorted({mode(row["currency"] for row in rows(path) if row["currency"]) for path in samples})
    picture = BytesIO()
    wireframe(currencies, samples).save(picture, "PNG", optimize=True)
    page = (WORK / "UX.md").read_text(encoding="utf-8")
    text = page.format(
        workflow=task["workflow"],
        flows="\n\n".join(flow(feature, says) for feature, says in task["features"].items()),
        days="\n".join(f"| YYYY-MM-DD | {currency:8} | NN     | NN       | NNN.NN   |" for currency in currencies),
        files="\n".join(f"| {path.name:13} | NN   | {longest_id(path):8} | <Reason>           |" for path in samples),
    )
    if told():
        redo({"ux/wireframe.png": picture.getvalue(), "UX.md": text})
        return
    deliver({"ux/wireframe.png": picture.getvalue()})
    Path("UX.md").write_text(text, encoding="utf-8")


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of one sample."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def longest_id(path: Path) -> str:
    """The longest order id of one sample: the column must have room for it."""
    return max((row["order_id"] for row in rows(path)), key=len)


def wireframe(currencies: list[str], samples: list[Path]) -> Image.Image:
    """The analyst's report as it lies on the screen: what is read first stands first, and grey is what differs every week."""
    tables = {
        "Daily orders": [["Day", "Currency", "Orders", "Partners", "Revenue"], *(["", currency, "", "", ""] for currency in currencies)],
        "Rejected rows": [["File", "Line", "Order", "Reason"], *([path.name, "", longest_id(path), ""] for path in samples)],
    }
    width, row, edge = 900, 44, 40
    image = Image.new("RGB", (width, edge * 2 + sum(row * (len(lines) + 3) for lines in tables.values())), "white")
    draw = ImageDraw.Draw(image)
    heading, text = ImageFont.load_default(size=24), ImageFont.load_default(size=17)
    draw.rectangle((8, 8, width - 9, image.height - 9), outline="black", width=2)
    top = edge
    for title, lines in tables.items():
        draw.text((edge, top), title, fill="black", font=heading)
        top += row
        draw.rectangle((edge, top + 8, width - 320, top + 24), fill="lightgrey")
        top += row
        column = (width - 2 * edge) // len(lines[0])
        for number, cells in enumerate(lines):
            for place, cell in enumerate(cells):
                left = edge + place * column
                draw.rectangle((left, top, left + column, top + row), outline="grey", fill="whitesmoke" if number == 0 else "white")
                if cell:
                    draw.text((left + 12, top + 11), cell, fill="black", font=text)
                else:
                    draw.rectangle((left + 12, top + 15, left + column // 2, top + row - 15), fill="lightgrey")
            top += row
        top += row
    return image


def flow(feature: str, says: str) -> str:
    """The flow of one feature."""
    design = WORK / f"{feature}.md"
    if not design.is_file():
        sys.exit(f"the feature {feature!r} has no flow: {design} is missing")
    return f"### {feature}: {says}\n\n{design.read_text(encoding='utf-8').strip()}"


if __name__ == "__main__":
    main()
