"""A tab that is looked at: everything that goes wrong in it is kept, and axe reads what it shows."""

import shutil
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, Response

WIDTHS = (1280, 820)
HEIGHT = 800
# What axe calls the faults that keep somebody from using a page.
GRAVE = ("serious", "critical")
COLOUR_RULES = ("color-contrast", "link-in-text-block")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def system_chromium() -> str | None:
    """Where the system's Chromium is."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def launch(playwright: Playwright) -> Browser:
    """Start it with a profile of its own that is empty; it calls nobody by itself."""
    return playwright.chromium.launch(executable_path=system_chromium(), args=FLAGS)


@dataclass
class Tab:
    """A page in a browser, with its errors and failed requests since they were last taken."""

    page: Page
    # axe reads pages in the first of them.
    widths: tuple[int, ...] = WIDTHS
    # How many rows of a table axe reads; None for all of them.
    rows: int | None = None
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, context: BrowserContext, widths: tuple[int, ...] = WIDTHS, rows: int | None = None) -> "Tab":
        """A new tab."""
        tab = cls(context.new_page(), widths, rows)
        tab.page.on("console", tab._on_console)
        tab.page.on("pageerror", lambda error: tab.faults.append(f"script: {error}"))
        tab.page.on("requestfailed", tab._on_failure)
        tab.page.on("response", tab._on_response)
        return tab

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")

    def _on_failure(self, request: Request) -> None:
        # A page that is left while it polls calls its requests off by itself.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"request: {request.url} {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"answer: {response.status} {response.url}")

    def take_faults(self) -> list[str]:
        """What went wrong so far."""
        found, self.faults[:] = list(self.faults), []
        return found

    def look_at(self, address: str) -> list[str]:
        """Open a page and look at it; all that is wrong with it. axe reads it in the first width, all must fit."""
        self.page.set_viewport_size({"width": self.widths[0], "height": HEIGHT})
        self.page.goto(address, wait_until="load")
        found = [f"at {self.widths[0]}: {fault}" for fault in self.look()]
        for width in self.widths[1:]:
            self.page.set_viewport_size({"width": width, "height": HEIGHT})
            found += [f"at {width}: {fault}" for fault in self._too_wide()]
        return [*self.take_faults(), *found]

    def look_at_colours_in(self, theme: str) -> list[str]:
        """Switch the page that is shown to a theme and back: what axe says of its colours, which alone differ."""
        self.page.evaluate(_SWITCH_THEME, theme)
        found = [f"in {theme}: {_words(violation)}" for violation in self._grave(COLOUR_RULES)]
        self.page.evaluate(_SWITCH_THEME, "auto")
        return [*self.take_faults(), *found]

    def look(self) -> list[str]:
        """What is wrong with what is shown now: it is wider than the window, or somebody cannot use it."""
        return self._too_wide() + [_words(violation) for violation in self._grave()]

    def _too_wide(self) -> list[str]:
        # After a click the next page may only be on its way.
        self.page.wait_for_load_state("load")
        overflow = self.page.evaluate(_OVERFLOW)
        return [f"{overflow} is wider than the window"] if overflow else []

    def _grave(self, rules: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """What axe finds that is grave, by these rules or by all."""
        if not self.page.evaluate("typeof axe === 'object'"):
            self.page.evaluate(AXE_SCRIPT)
        unread = "" if self.rows is None else f"tbody tr:nth-child(n + {self.rows + 1})"
        wanted = {"grave": GRAVE, "unread": unread, "rules": rules}
        found: list[dict[str, Any]] = self.page.evaluate(_GRAVE, wanted)
        return found


def _words(violation: dict[str, Any]) -> str:
    node = violation["nodes"][0]
    others = f" and {len(violation['nodes']) - 1} more" if len(violation["nodes"]) > 1 else ""
    why = " ".join(node["failureSummary"].split())[:200]
    return f"axe {violation['id']} at {node['target'][0]}{others}: {node['html'][:160]} ({why})"


# Only what is told of crosses to us.
_GRAVE = """async ({grave, unread, rules}) => {
    const context = unread ? {exclude: [[unread]]} : document;
    const only = rules.length ? {runOnly: {type: 'rule', values: rules}} : {};
    const found = await axe.run(context, {resultTypes: ['violations'], elementRef: false, ...only});
    return found.violations.filter((violation) => grave.includes(violation.impact));
}"""

# As the console's own menu does it. Colours that fade to others are waited for.
_SWITCH_THEME = """async (theme) => {
    Alpine.$data(document.documentElement).switchTheme(theme);
    await Alpine.nextTick();
    const fading = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(fading.map((animation) => animation.finished));
}"""

# The first element that reaches out of the window, unless something around it scrolls or cuts it off.
_OVERFLOW = """() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return '';
    const kept = (node) => {
        for (let up = node.parentElement; up && up !== document.body; up = up.parentElement)
            if (getComputedStyle(up).overflowX !== 'visible') return true;
        return false;
    };
    const wide = [...document.body.querySelectorAll('*')].find(
        (node) => node.getBoundingClientRect().right > room + 1 && !kept(node));
    return wide ? wide.outerHTML.slice(0, 120) : 'the page';
}"""
