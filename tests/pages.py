"""Read built pages: their anchors, their links, and what they make a browser fetch."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

FETCHES = {
    "script": "src",
    "img": "src",
    "source": "src",
    "video": "src",
    "iframe": "src",
    "embed": "src",
    "object": "data",
    "link": "href",
}
KEPT_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch"}
IN_STYLES = re.compile(r"""@import\s+["']([^"']+)|url\(\s*["']?([^"')\s]+)""")


@dataclass
class BuiltPage(HTMLParser):
    """One HTML file: `anchors` one can link to, `links` it shows, `fetched` files it needs."""

    path: Path
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Sort one tag's addresses."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        kept = tag != "link" or KEPT_LINKS & set(values.get("rel", "").split())
        if kept and FETCHES.get(tag) in values:
            self.fetched.append(values[FETCHES[tag]])
        self.fetched += style_addresses(values.get("style", ""))


def style_addresses(css: str) -> list[str]:
    """The addresses that a style sheet loads."""
    return [first or second for first, second in IN_STYLES.findall(css)]


def read_site(site: Path) -> dict[Path, BuiltPage]:
    """All pages of a built site; the theme's own templates are not pages."""
    pages = (path for path in site.rglob("*.html") if "_static" not in path.parts)
    return {path.resolve(): BuiltPage(path) for path in pages}


def is_external(address: str) -> bool:
    """Whether an address leads off the site."""
    return bool(re.match(r"(https?:)?//", address))
