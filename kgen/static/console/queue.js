// Ticking rows of the withdrawals queue: all of the page at once, and what is ticked in words before it is decided.
(() => {
    const all = document.getElementById("all");
    const told = document.getElementById("chosen");
    if (!all || !told) return;
    const boxes = [...document.querySelectorAll('input[name="row"]')];
    const count = () => {
        const chosen = boxes.filter((box) => box.checked);
        const sums = new Map();
        for (const box of chosen) {
            const { currency, amount } = box.dataset;
            sums.set(currency, (sums.get(currency) || 0n) + BigInt(amount));
        }
        const words = [...sums].map(([currency, sum]) => `${sum.toLocaleString("en")} ${currency}`).join(", ");
        told.textContent = chosen.length ? `${chosen.length} ticked: ${words}` : "None is ticked.";
        all.checked = chosen.length === boxes.length;
        all.indeterminate = chosen.length > 0 && !all.checked;
    };
    all.addEventListener("change", () => {
        for (const box of boxes) box.checked = all.checked;
        count();
    });
    for (const box of boxes) box.addEventListener("change", count);
    count();
})();
