"""One error for every file that is not what its data set needs, whatever the format."""

from __future__ import annotations

from pathlib import Path


def damaged(path: Path, found: str, expected: str) -> ValueError:
    """The error for a file that is not what it should be."""
    return ValueError(
        f"{path} is not the expected file: found {found}, expected {expected}; delete it and "
        'fetch it again, or choose source="rendered", which needs no file'
    )
