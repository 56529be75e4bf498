"""Tables of the documentation, so that a test expects what the page promises."""

from pathlib import Path

_DOCS = Path(__file__).parents[1] / "docs"


def table_of(page: str, first_column: str) -> list[dict[str, str]]:
    """The rows of the table whose first column has this title, as text by column title."""
    lines = (_DOCS / page).read_text().splitlines()
    start = next(
        number for number, line in enumerate(lines) if line.startswith(f"| {first_column} |")
    )
    titles = _cells(lines[start])
    rows: list[dict[str, str]] = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(dict(zip(titles, _cells(line), strict=True)))
    assert rows
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
