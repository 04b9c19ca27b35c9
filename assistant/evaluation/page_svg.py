"""A drawing of matplotlib's as markup for a page with a strict content policy."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Drawn in these colours, then replaced by the page's own: see report.css.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--quiet)",
    "#030303": "var(--line)",
    "#040404": "var(--en)",
    "#050505": "var(--zh)",
    "#060606": "var(--answered)",
    "#070707": "var(--partial)",
    "#080808": "var(--refused)",
    "#090909": "var(--bad)",
    "#101010": "var(--on-bar)",
}
INK, QUIET, LINE, EN, ZH, ANSWERED, PARTIAL, REFUSED, ERROR, ON_BAR = _COLOURS


def for_page(figure: Figure, title: str) -> str:
    """The drawing as one <svg> element for HTML.

    It has no style sheet and no style attributes, and takes its colours from the page's CSS
    variables. Ids stay only where something points to them: several drawings share one page.
    """
    import matplotlib

    # Ids come from the salt: drawings with the same one could claim each other's clip paths.
    matplotlib.rcParams["svg.hashsalt"] = title
    drawing = io.StringIO()
    figure.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None})
    namespace, xlink = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
    written = drawing.getvalue()
    root = ET.fromstring(written)
    for child in (root.find(f"{namespace}metadata"), root.find(f"{namespace}defs")):
        # The first <defs> holds a style sheet, others hold marks and clip paths.
        if child is not None and child.find(f"{namespace}path") is None:
            root.remove(child)
    for element in root.iter():
        element.tag = element.tag.removeprefix(namespace)
        if href := element.attrib.pop(f"{xlink}href", None):
            element.set("href", href)
        if f"#{element.get('id')}" not in written:
            element.attrib.pop("id", None)
        _unstyle(element)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib.update({"role": "img", "aria-label": title})
    return ET.tostring(root, encoding="unicode")


def _unstyle(element: ET.Element) -> None:
    """Turn the style attribute into presentation attributes, and drop needless white space."""
    for part in element.attrib.pop("style", "").split("; "):
        name, _, value = part.partition(": ")
        if name and not name.startswith("font-family"):
            element.set(name, _COLOURS.get(value, value))
    element.text, element.tail = _tight(element.text), _tight(element.tail)
    if "d" in element.attrib:
        element.set("d", " ".join(element.attrib["d"].split()))


def _tight(text: str | None) -> str | None:
    return text if text and text.strip() else None
