"""How a page is turned: between the page's own points, the way it is read, and shares of it."""

from __future__ import annotations

from dataclasses import dataclass

from .document import Box


@dataclass(frozen=True, slots=True)
class Frame:
    """What is visible of a page, in points of PDF (the origin is below, at the left).

    A frame counts the other way: from the upper left corner of the page as it stands after
    `quarters` quarter turns; 0 for text that runs to the right, 1 for text that runs upwards, 2
    for text upside down, 3 for text that runs downwards.
    """

    left: float
    bottom: float
    right: float
    top: float

    def size(self, quarters: int) -> tuple[float, float]:
        """Width and height, in points, as seen after so many quarter turns."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if quarters % 2 else (width, height)

    def turned(self, quarters: int, box: Box) -> Box:
        """A box of PDF (left, bottom, right, top), in the frame of so many quarter turns."""
        left, bottom, right, top = box
        if quarters == 0:
            return left - self.left, self.top - top, right - self.left, self.top - bottom
        if quarters == 1:
            return bottom - self.bottom, left - self.left, top - self.bottom, right - self.left
        if quarters == 2:
            return self.right - right, bottom - self.bottom, self.right - left, top - self.bottom
        return self.top - top, self.right - right, self.top - bottom, self.right - left

    def back(self, quarters: int, box: Box) -> Box:
        """The box of PDF (left, bottom, right, top) that `turned` made this one of."""
        left, top, right, bottom = box
        if quarters == 0:
            return left + self.left, self.top - bottom, right + self.left, self.top - top
        if quarters == 1:
            return top + self.left, left + self.bottom, bottom + self.left, right + self.bottom
        if quarters == 2:
            return self.right - right, top + self.bottom, self.right - left, bottom + self.bottom
        return self.right - bottom, self.top - right, self.right - top, self.top - left

    def share(self, box: Box, read: int, shown: int) -> Box:
        """A box of the frame in which the page is read, as shares of the page as it is shown."""
        width, height = self.size(shown)
        left, top, right, bottom = self.turned(shown, self.back(read, box))
        return (
            _share(left, width),
            _share(top, height),
            _share(right, width),
            _share(bottom, height),
        )


def _share(place: float, whole: float) -> float:
    return round(min(max(place / whole, 0.0), 1.0), 4)
