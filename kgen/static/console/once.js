// A form that acts is sent once: while its answer is on the way, another click does nothing.
(() => {
    // An answer that is not there by then became a file, or was stopped, or is not coming: the page is still here.
    const LONGEST = 10000;
    const sent = new Map();
    const acts = (form, button) => (button?.getAttribute("formmethod") || form.method).toLowerCase() === "post";
    const release = (form) => {
        clearTimeout(sent.get(form));
        sent.delete(form);
        form.removeAttribute("aria-busy");
    };

    document.addEventListener("submit", (event) => {
        const form = event.target;
        // A script has taken it over (htmx), or it asks only, or its answer is for another tab.
        if (event.defaultPrevented || !acts(form, event.submitter) || form.target === "_blank") return;
        if (sent.has(form)) return event.preventDefault();
        // The button stays enabled: what a disabled one says is not sent.
        form.setAttribute("aria-busy", "true");
        sent.set(form, setTimeout(() => release(form), LONGEST));
    });
    // The back button may bring the page as it was left.
    addEventListener("pageshow", () => [...sent.keys()].forEach(release));
})();
