// Rewrites times from UTC into the operator's zone, also in what pages load later; UTC stays as the tooltip.
document.addEventListener("DOMContentLoaded", () => {
    const note = document.querySelector("[data-zone]");
    const zone = note?.dataset.zone || Intl.DateTimeFormat().resolvedOptions().timeZone;
    const format = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone: zone });
    const rewrite = (root) => {
        for (const shown of root.querySelectorAll("time[data-moment]:not([title])")) {
            shown.title = shown.textContent;
            shown.textContent = format.format(new Date(shown.dateTime));
        }
    };
    if (note) note.textContent = zone;
    rewrite(document);
    document.addEventListener("kc:loaded", (event) => rewrite(event.target));
});
