"""Points, orthogonal turns and boxes on the sheet (pixels, y downward)."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[int, int]
Segment = tuple[Point, Point]

TURNS: dict[str, tuple[int, int, int, int]] = {
    "R0": (1, 0, 0, 1),
    "R90": (0, -1, 1, 0),
    "R180": (-1, 0, 0, -1),
    "R270": (0, 1, -1, 0),
    "MX": (1, 0, 0, -1),  # upside down
    "MX90": (0, 1, 1, 0),
    "MY": (-1, 0, 0, 1),  # left and right exchanged
    "MX270": (0, -1, -1, 0),
}
"""Rows of the matrix that turns a symbol; R90 is clockwise on the screen, MX90 is MX and then R90."""


def turned(point: Point, turn: str) -> Point:
    """`point` after the turn about the origin."""
    a, b, c, d = TURNS[turn]
    return a * point[0] + b * point[1], c * point[0] + d * point[1]


def moved(point: Point, by: Point) -> Point:
    return point[0] + by[0], point[1] + by[1]


@dataclass(frozen=True)
class Box:
    """A rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def placed(self, turn: str, at: Point) -> Box:
        """The box of a symbol that stands at `at`, turned."""
        a, b, c, d = TURNS[turn]
        xs = [a * x + b * y for x in (self.left, self.right) for y in (self.top, self.bottom)]
        ys = [c * x + d * y for x in (self.left, self.right) for y in (self.top, self.bottom)]
        return Box(min(xs) + at[0], min(ys) + at[1], max(xs) + at[0], max(ys) + at[1])

    def overlaps(self, other: Box) -> bool:
        """Whether the two have area in common."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def crossed_by(self, segment: Segment) -> bool:
        """Whether a horizontal or vertical segment runs through the inside."""
        (x0, y0), (x1, y1) = segment
        return (
            max(x0, x1) > self.left
            and min(x0, x1) < self.right
            and max(y0, y1) > self.top
            and min(y0, y1) < self.bottom
        )


def on_segment(point: Point, segment: Segment) -> bool:
    """Whether the point lies on a horizontal or vertical segment, its ends included."""
    (x0, y0), (x1, y1) = segment
    return min(x0, x1) <= point[0] <= max(x0, x1) and min(y0, y1) <= point[1] <= max(y0, y1)
