"""The README's promises that a machine can check: its example runs, its links lead somewhere."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for example in re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), flags=re.S):
        exec(example, names)
    assert len(names["fits"]) == 15 and not names["fits"].failed
    assert set(names["scores"]) == {"mig", "modularity", "sap"}
    assert len(names["models"]) == 12


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8"))
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_the_chapter_table_lists_every_chapter():
    text = README.read_text("utf-8")
    chapters = sorted((README.parent / "chapters").glob("*.md"))
    assert [c.name for c in chapters if f"(chapters/{c.name})" not in text] == []
