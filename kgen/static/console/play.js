// The wizard's comforts: the browser's own time zone, and rows of a prize table. Everything works without them.
document.addEventListener("DOMContentLoaded", () => {
    const headings = {
        multiples: ["% of the field", "× the buy-in, each"],
        fixed: ["Down to rank", "Amount each"],
        shares: ["Down to rank", "% of the pool, for all of them"],
    };
    const typed = (element) => element.dispatchEvent(new Event("change", { bubbles: true }));

    document.querySelectorAll("[data-zone-offer]").forEach((offer) => {
        const select = offer.closest("form").querySelector("[data-zone]");
        const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
        if (!select || ![...select.options].some((option) => option.value === own)) return;
        const take = () => { select.value = own; offer.hidden = true; typed(select); };
        if (offer.dataset.known === "no" && select.value === "UTC") take();
        const button = offer.querySelector("button");
        button.textContent = `Use this browser's zone, ${own}`;
        button.addEventListener("click", take);
        const look = () => { offer.hidden = select.value === own; };
        select.addEventListener("change", look);
        look();
    });

    document.querySelectorAll("[data-bands]").forEach((bands) => {
        const form = bands.closest("form");
        const table = form.querySelector("[data-table]");
        const kind = form.querySelector("[name=kind]");
        const look = () => {
            bands.hidden = table.value !== "own";
            [bands.querySelector("[data-reach]").textContent, bands.querySelector("[data-pays]").textContent] = headings[kind.value];
        };
        table.addEventListener("change", look);
        kind.addEventListener("change", look);
        look();
        bands.querySelector("[data-add-band]").addEventListener("click", () => {
            const rows = bands.querySelector("tbody");
            const row = rows.lastElementChild.cloneNode(true);
            const number = rows.children.length + 1;
            row.firstElementChild.textContent = number;
            row.querySelectorAll("input").forEach((input) => {
                input.value = "";
                input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+/, number));
            });
            rows.append(row);
            row.querySelector("input").focus();
        });
    });
});
