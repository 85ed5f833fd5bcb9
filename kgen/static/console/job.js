// Asks each second how far a job is; when it has ended, shows the page with its result.
(() => {
    const job = document.getElementById("job");
    if (!job || job.dataset.open !== "yes") return;
    const show = (told) => {
        document.getElementById("job-bar").value = told.percent;
        document.getElementById("job-state").textContent = told.state;
        document.getElementById("job-count").textContent = told.total === null ? told.done : `${told.done} of ${told.total}`;
    };
    const ask = async () => {
        try {
            const answer = await fetch(job.dataset.progress, { headers: { Accept: "application/json", "X-Console-Live": "1" } });
            // The session is over: the next click will say so.
            if (answer.status === 403) return;
            if (answer.ok) {
                const told = await answer.json();
                show(told);
                if (!told.open) return location.reload();
            }
        } catch {
            // The next second asks again.
        }
        setTimeout(ask, 1000);
    };
    setTimeout(ask, 1000);
})();
