"""What a widget becomes while the book is built: plain HTML, because a page has no kernel."""

import json
import os
from pathlib import Path

_MOUNT = """
// A stand-in for the kernel's model, so that the same module runs on a page without a kernel.
function pageModel(state) {
  const handlers = {};
  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      for (const handler of handlers[`change:${name}`] ?? []) handler();
    },
    on: (event, handler) => (handlers[event] ??= new Set()).add(handler),
    off: (event, handler) => handlers[event]?.delete(handler),
    save_changes() {},
  };
}
for (const el of document.querySelectorAll("[data-dvae-widget]:not([data-mounted])")) {
  el.dataset.mounted = "";
  render({ model: pageModel(JSON.parse(el.querySelector("script").textContent)), el });
}
"""


class StaticHTML:
    """An object whose only rich form is HTML: no widget, so the page needs no widget manager."""

    def __init__(self, html: str):
        self.html = html

    def _repr_html_(self) -> str:
        return self.html


def on_static_page() -> bool:
    """Whether the book is being built, where no reader's kernel will answer a control."""
    return os.environ.get("DVAE_STATIC_PAGE") == "1"


def mounted(module: Path, state: dict, without_script: str) -> StaticHTML:
    """The ES module `module` and a call that renders it with `state`, in one piece of HTML.

    Everything is inline, because a page opened from a file may not import other files. The state
    is JSON in which `<` is escaped, so no text in it can end the script.
    """
    data = json.dumps(state, separators=(",", ":")).replace("<", "\\u003c")
    return StaticHTML(
        f'<div data-dvae-widget><script type="application/json">{data}</script>'
        f"<noscript>{without_script}</noscript></div>\n"
        f'<script type="module">\n{module.read_text(encoding="utf-8")}{_MOUNT}</script>'
    )
