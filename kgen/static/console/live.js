// Loads a piece of the page again every two seconds, as long as somebody looks at it and its `data-live` says "yes".
(() => {
    const shown = document.getElementById("live");
    const button = document.getElementById("live-switch");
    if (!shown) return;
    let stopped = false;
    const goesOn = () => shown.querySelector("[data-live]")?.dataset.live === "yes";
    const isOpen = () => shown.querySelector("[data-live]")?.dataset.open === "yes";

    const put = (html) => {
        const focused = shown.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        const scrolled = [...shown.querySelectorAll(".kc-scroll")].map((box) => box.scrollLeft);
        shown.innerHTML = html;
        shown.querySelectorAll(".kc-scroll").forEach((box, index) => (box.scrollLeft = scrolled[index] ?? 0));
        if (focused) [...shown.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
        shown.dispatchEvent(new CustomEvent("kc:loaded", { bubbles: true }));
    };
    const load = async () => {
        try {
            const answer = await fetch(shown.dataset.address, { headers: { "X-Console-Live": "1" } });
            // A login page came instead: the session is over, and the next click will say so.
            if (answer.redirected || answer.status === 403 || answer.status === 404) return (stopped = true);
            if (answer.ok) put(await answer.text());
        } catch {
            // The next round asks again.
        }
    };
    const round = async () => {
        if (!stopped && !document.hidden) await load();
        // What could be done while it was open cannot be done any more: show what can.
        if (!isOpen()) document.querySelectorAll("[data-while-live]").forEach((one) => one.remove());
        if (goesOn()) return setTimeout(round, 2000);
        if (button) button.hidden = true;
    };
    if (!goesOn()) return;
    if (button) {
        button.hidden = false;
        button.addEventListener("click", () => {
            stopped = !stopped;
            button.textContent = stopped ? "Refresh again" : "Stop refreshing";
        });
    }
    setTimeout(round, 2000);
})();
