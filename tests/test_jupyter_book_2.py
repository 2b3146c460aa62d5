"""The sources keep to the Markdown that Jupyter Book 2 reads too, so that a move costs a config.

Its parser, mystmd, comes from npm at the version that book/package-lock.json pins. It gets a site
template of our own without content: the real one is a download, and only the parse is looked at.
"""

import shutil
import subprocess

import pytest
import yaml

TEMPLATE = {"jtex": "v1", "title": "empty", "version": "1.0.0", "kind": "site", "license": "MIT"}
BUILD = {"install": "npm install", "start": "npm run start"}

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")


@pytest.fixture(scope="module")
def mystmd(course, tmp_path_factory):
    """The pinned parser's command."""
    folder = tmp_path_factory.mktemp("mystmd")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(course.root / "book" / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "node_modules" / ".bin" / "myst"


@pytest.fixture
def project(course, tmp_path):
    """A copy of the book's sources with Jupyter Book 2's table of contents."""
    for name in ("book", "chapters", "solutions"):
        shutil.copytree(
            course.root / name, tmp_path / name, ignore=shutil.ignore_patterns("*.ipynb")
        )
    template = tmp_path / "template"
    template.mkdir()
    (template / "template.yml").write_text(yaml.safe_dump({**TEMPLATE, "build": BUILD}))
    package = '{"name": "empty", "version": "1.0.0", "scripts": {"start": "true"}}'
    (template / "package.json").write_text(package)
    toc = yaml.safe_load((course.root / "book" / "_toc.yml").read_text())
    parts = [
        {
            "title": part["caption"],
            "children": [{"file": f"{c['file']}.md"} for c in part["chapters"]],
        }
        for part in toc["parts"]
    ]
    settings = {
        "version": 1,
        "project": {
            "title": "The book",
            "bibliography": ["book/references.bib"],
            "toc": [{"file": f"{toc['root']}.md"}, *parts],
            "error_rules": [{"rule": "link-resolves", "severity": "ignore"}],
        },
        "site": {"template": "template"},
    }
    (tmp_path / "myst.yml").write_text(yaml.safe_dump(settings))
    return tmp_path


def parse(mystmd, project):
    command = [mystmd, "build", "--site", "--strict"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120)


@needs_npm
def test_jupyter_book_2_reads_every_page_strictly(mystmd, project):
    run = parse(mystmd, project)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]


@needs_npm
def test_the_strict_parse_can_fail(mystmd, project):
    with (project / "book" / "notation.md").open("a") as page:
        page.write("\n\n{prf:ref}`thm-that-is-nowhere` and $\\nosuchmacro$\n")
    assert parse(mystmd, project).returncode != 0
