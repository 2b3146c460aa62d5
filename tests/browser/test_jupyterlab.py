"""The panels in a real JupyterLab: the page moves Python, Python the page, keys the sliders."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH")

PATIENCE = 120  # seconds, for a busy machine; nothing waits longer than it must
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CELLS = [
    """import numpy as np
from dvae_course.widgets import explorer
codes, numbers = np.random.default_rng(0).normal(size=(3, 3, 1, 20, 2)), np.ones((3, 3, 1))
prior = np.array([(0.0, 1.0), (0.0, -1.0)])
figure = explorer((0, 1, 5), (0, 1, 2), codes, np.full(codes.shape, 0.1), np.arange(20) % 4,
                  numbers, numbers, numbers, prior, 0.2)
figure""",
    "figure.alpha_index = 2",
    'print(f"β = {figure.beta_index}")',
    'from dvae_course.widgets import annealing_panel\nannealing_panel("Annealed?")',
    'from dvae_course.widgets import rotation_panel\nrotation_panel("Turned?")',
]


@pytest.fixture
def lab(tmp_path):
    """The address of a JupyterLab in an empty folder with one notebook, `demo.ipynb`."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    nbformat.write(notebook, tmp_path / "demo.ipynb")
    runtime = tmp_path / "runtime"
    settings = {"JUPYTER_CONFIG_DIR": tmp_path / "config", "JUPYTER_RUNTIME_DIR": runtime}
    environment = {**os.environ, **{name: str(path) for name, path in settings.items()}}
    environment.pop("DVAE_STATIC_PAGE", None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = ["--port=0", "--IdentityProvider.token=", f"--ServerApp.root_dir={tmp_path}"]
    with subprocess.Popen(command + options, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            yield address_of(server, runtime)
        finally:
            server.terminate()


def address_of(server: subprocess.Popen, runtime: Path) -> str:
    """The address that the server wrote down, once it answers there."""
    written, deadline = runtime / f"jpserver-{server.pid}.json", time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            address = json.loads(written.read_text())["url"]
            urllib.request.urlopen(f"{address}api", timeout=5).close()
            return address
        except (OSError, ValueError):
            time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not answer (exit status {server.poll()})")


@pytest.fixture
def page(lab):
    """The notebook in the browser, its kernel connected."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1200, "height": 1400})
        page.set_default_timeout(PATIENCE * 1000)
        expect.set_options(timeout=PATIENCE * 1000)
        page.goto(f"{lab}lab/tree/demo.ipynb")
        # A cell that is run before the kernel has connected is not run at all.
        indicator = page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")
        indicator.first.wait_for(state="attached")
        page.wait_for_timeout(1500)
        yield page
        browser.close()


def run(page, index: int):
    """Run a cell, as a reader would; the cell."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(index)
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    expect(cell.locator(".jp-InputPrompt")).not_to_have_text("[ ]:")
    return cell


def test_explorer_and_python_move_each_other(page):
    story = page.locator(".card [role=status]")
    run(page, 0)
    expect(story).to_contain_text("At α = 0 and β = 0")
    page.get_by_role("slider", name="beta").press("ArrowRight")
    expect(story).to_contain_text("At α = 0 and β = 1")
    run(page, 1)
    expect(story).to_contain_text("At α = 5 and β = 1")
    expect(run(page, 2).locator(".jp-OutputArea-output")).to_contain_text("β = 1")


@pytest.mark.parametrize(
    ("index", "slider", "before", "after"),
    [(3, 1, "at β = 4", "at β = 8"), (4, 0, "Turned by 30°", "Turned by 45°")],
)
def test_keys_move_a_panels_sliders_not_the_notebook(page, index, slider, before, after):
    cell = run(page, index)
    status = cell.locator("[role=status]")
    expect(status).to_contain_text(before)
    cell.get_by_role("slider").nth(slider).press("ArrowRight")
    expect(status).to_contain_text(after)
