"""Pages that are watched: what they complain of, what they load from elsewhere, what axe finds."""

import functools
from importlib import resources
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

PATIENCE_MS = 60_000
"""How long anything may take that ought to happen; waiting costs nothing where it does."""
expect.set_options(timeout=PATIENCE_MS)

_UNHURRIED = """{
    const { setTimeout } = window;
    const calm = (delay) => (delay > 2000 ? 100 * delay : delay);
    window.setTimeout = (act, delay = 0, ...rest) => setTimeout(act, calm(delay), ...rest);
}"""
"""What a page takes back after seconds stays for minutes: a test may be slower than a person."""

DESKTOP = (1360, 820)
PHONE = (390, 844)


class PageMaker:
    """Opens pages in contexts of their own, and judges them.

    Attributes:
        complaints: what pages wrote to their consoles as errors or warnings, and what they threw.
        expected: parts of complaints that a test wants to provoke, such as "503".
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._hosts: set[str | None] = set()
        self.complaints: list[str] = []
        self.expected: list[str] = []

    async def open(
        self,
        url: str,
        *,
        size: tuple[int, int] = DESKTOP,
        colours: Literal["light", "dark"] = "light",
        hurried: bool = False,
        **options: Any,
    ) -> Page:
        """Open `url` and wait until it is loaded.

        Args:
            url: of the page.
            size: of the window, in CSS pixels.
            colours: what the system is said to prefer.
            hurried: whether what it takes back after some seconds goes then.
            options: further ones of Playwright's `Browser.new_context`.
        """
        width, height = size
        context = await self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=colours,
            reduced_motion="reduce",  # nothing is judged half way between two looks
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        if not hurried:
            await context.add_init_script(_UNHURRIED)
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        await page.goto(url)
        return page

    async def close(self) -> None:
        """Close all pages, before what they show is gone, of which they would complain."""
        while self._contexts:
            await self._contexts.pop().close()

    def judge(self) -> None:
        """See that nothing was wrong.

        Raises:
            AssertionError: a page complained, or asked more than one host.
        """
        unexpected = [
            complaint
            for complaint in self.complaints
            if not any(part in complaint for part in self.expected)
        ]
        assert not unexpected, f"the pages complained: {unexpected}"
        assert len(self._hosts) <= 1, f"pages work offline, but asked {self._hosts}"

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        if request.url.startswith("http"):
            self._hosts.add(urlsplit(request.url).netloc)


@functools.cache
def _axe() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


async def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds that is serious or critical: the rule and the elements.

    Args:
        page: as it stands now.
        rules: only these, by axe's names; none takes all.
    """
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_axe())
    wanted: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        wanted["runOnly"] = list(rules)
    run = "async wanted => (await axe.run(document, wanted)).violations"
    found = await page.evaluate(run, wanted)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


async def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wider: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wider
