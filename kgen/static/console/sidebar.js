// Unfold's style sheet calls a window wide from 80rem, its script from 1281 px. Where they disagree, an opened sidebar
// takes room from the page, the page changes its height, and the script answers every such change by closing the
// sidebar. Here the script uses the style sheet's rule, and only a change of that rule's answer moves the sidebar.
(() => {
    const wide = matchMedia("(min-width: 80rem)");
    const KEPT = "sidebarOpen";
    const isOpenAtFirst = () => wide.matches && localStorage.getItem(KEPT) !== "0";

    document.addEventListener("alpine:init", () => {
        const unfolds = window.theme;
        window.theme = (...given) => {
            const made = unfolds(...given);
            let wasWide = wide.matches;
            made.sidebarOpen = isOpenAtFirst();
            made.sidebarToggle = function () {
                this.sidebarOpen = !this.sidebarOpen;
                if (wide.matches) localStorage.setItem(KEPT, this.sidebarOpen ? "1" : "0");
            };
            made.themeBindings["x-resize.window"] = function () {
                if (wide.matches === wasWide) return;
                wasWide = wide.matches;
                this.sidebarOpen = isOpenAtFirst();
            };
            return made;
        };
    });
})();
