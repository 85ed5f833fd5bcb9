"""Pictures of the console's main screens for the documents: `make screenshots`."""

import json
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.looking import launch
from tests.browser.operators import give_password, type_a_tournament
from tests.support.stack import Stack, running
from tests.support.waiting import eventually

FOLDER = Path(__file__).parents[2] / "docs/screenshots"
SIZE = {"width": 1280, "height": 800}
# Under each picture's name: the address, with the row that a query finds.
SCREENS = {
    "home": ("", None),
    "tournaments": ("esports/tournament/", None),
    "tournament": ("play/tournaments/{}/", "SELECT id FROM esports_tournament WHERE title = 'City Championship'"),
    "settlement": (
        "play/tournaments/{}/settlement/",
        "SELECT id FROM esports_tournament WHERE title = 'Monsoon Grand Prix'",
    ),
    "withdrawals": ("money/withdrawals/", None),
    "withdrawal": ("money/withdrawals/{}/", "SELECT id FROM wallet_withdrawal WHERE state = 'AWAITING_APPROVAL'"),
    "gamer": (
        "people/gamers/{}/",
        "SELECT g.id FROM users_gamer g JOIN rewards_reward r ON r.gamer_id = g.id "
        "WHERE g.kgen_account_id IS NOT NULL GROUP BY g.id ORDER BY sum(r.amount) DESC, g.id",
    ),
    "audit": ("kgen/auditentry/", None),
}
DARK = ("home", "tournament")


def main() -> None:
    """Take them all, on a product of their own."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home") as stack, sync_playwright() as play:
        eventually(stack.is_whole)
        done = stack.manage("seed_demo", "--rich", seconds=600)
        passwords = json.loads(done.stdout.splitlines()[-1])["operator_passwords"]
        browser = launch(play)
        take(browser, stack, passwords["admin"], "light", tuple(SCREENS))
        take(browser, stack, passwords["admin"], "dark", DARK)
        browser.close()


def take(browser: Browser, stack: Stack, password: str, theme: str, names: tuple[str, ...]) -> None:
    """The named screens in a theme; in the light one the wizard as well."""
    console = stack.facts["base_url"] + "/console/"
    context = browser.new_context(color_scheme=theme, viewport=SIZE)  # type: ignore[arg-type]
    page = context.new_page()
    give_password(page, console, "admin", password)
    for name in names:
        address, query = SCREENS[name]
        page.goto(console + address.format(stack.rows(query)[0][0] if query else ""))
        keep(page, name if theme == "light" else f"{name}-{theme}")
    if theme == "light":
        client = stack.rows("SELECT id FROM users_client WHERE name = 'Monsoon Rally'")[0][0]
        type_a_tournament(page, console, client, "New Year Cup")
        keep(page, "wizard")
    context.close()


def keep(page: Page, name: str) -> None:
    """The picture, once charts and fonts are there."""
    page.wait_for_load_state("load")
    page.wait_for_timeout(1000)
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
