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
    // What the server writes in words is then in this zone too, until another one is chosen in a form.
    if (note && !note.dataset.zone) {
        const secure = location.protocol === "https:" ? "; secure" : "";
        document.cookie = `${note.dataset.cookie}=${zone.replaceAll("/", ".")}; path=${note.dataset.path}; samesite=strict${secure}`;
    }
    rewrite(document);
    document.addEventListener("kc:loaded", (event) => rewrite(event.target));
});
