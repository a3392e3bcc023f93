// Buttons that start a task, and the line above a list that says when a task made it.
Stash2Plex.define("tasks", ({ stash: { React, h, Bootstrap }, address, display, jobs, status }) => {
  const { Button } = Bootstrap;

  /** @type {Parts["tasks"]["RunTask"]} */
  function RunTask({ task, title = task, variant = "secondary", size = "sm" }) {
    const known = React.useContext(jobs.Context);
    if (known === null) return null;
    const running = known.ours.find((job) => job.task === task);
    return h(
      Button,
      {
        size,
        variant,
        disabled: running !== undefined || known.starting === task,
        onClick: () => known.run(task),
      },
      running === undefined ? title : `${title}: ${howFar(running)}`,
    );
  }

  /** @param {OurJob} job */
  const howFar = ({ progress }) => (progress === null ? "running…" : `${Math.round(progress * 100)}%`);

  /** @type {Parts["tasks"]["Found"]} */
  function Found({ at, task, verb, report }) {
    return h(
      "div",
      { className: "s2p-found" },
      at === null
        ? h("span", null, `Not ${verb.toLowerCase()} yet.`)
        : h("span", null, `${verb} `, h(display.Time, { at }), "."),
      h(RunTask, { task, variant: at === null ? "primary" : "secondary" }),
      report && h(ReportLink, { report }),
    );
  }

  /** @type {Parts["tasks"]["ReportLink"]} */
  function ReportLink({ report }) {
    const known = React.useContext(status.Context);
    const path = known.answer?.reports[report] ?? null;
    if (path === null) return h("span", { className: "text-muted" }, known.answer?.reports.note);
    return h(display.Outside, { to: address.ofFile(path) }, "Open the report");
  }

  return { RunTask, Found, ReportLink };
});
