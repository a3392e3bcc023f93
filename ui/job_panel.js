// The task that runs, with how far it is and what it says, and how the last one ended.
Stash2Plex.define("jobPanel", ({ stash: { React, h, Bootstrap }, words, display, jobList, jobs }) => {
  const { Alert, Button, Card } = Bootstrap;

  /** @type {Parts["jobPanel"]["JobPanel"]} */
  function JobPanel() {
    const known = React.useContext(jobs.Context);
    if (known === null || (known.ours.length === 0 && known.outcome === null)) return null;
    return h(
      "section",
      { "aria-label": "Task that runs or has ended", className: "s2p-jobs" },
      known.ours.map((job, place) =>
        h(Running, {
          key: job.id,
          job,
          lines: place === 0 ? known.lines : [],
          others: known.others.length,
          onCancel: () => known.cancel(job.id),
        }),
      ),
      known.outcome !== null && h(Ended, { outcome: known.outcome, onClose: known.dismiss }),
    );
  }

  /** @param {{job: OurJob, lines: LogLine[], others: number, onCancel: () => void}} properties */
  function Running({ job, lines, others, onCancel }) {
    const isWaiting = job.status === "READY";
    return h(
      Card,
      { className: "s2p-job", "aria-busy": true },
      h(
        "div",
        { className: "s2p-job-head" },
        h("strong", null, job.task),
        h("span", { className: "text-muted" }, stateInWords(job, others)),
        h(
          Button,
          {
            size: "sm",
            variant: "secondary",
            onClick: onCancel,
            disabled: job.status === "STOPPING",
            "aria-label": `Cancel ${job.task}`,
          },
          "Cancel",
        ),
      ),
      !isWaiting &&
        h(display.Progress, { label: `${job.task}: progress`, part: job.progress, isMoving: true }),
      h(Lines, { lines }),
    );
  }

  /** @param {OurJob} job @param {number} others */
  function stateInWords(job, others) {
    if (job.status === "STOPPING") return "stopping…";
    if (job.status !== "READY") return "running…";
    return others > 0 ? `waiting for ${words.countOf(others, "other job")} of Stash…` : "starting…";
  }

  /** @param {{outcome: Outcome, onClose: () => void}} properties */
  function Ended({ outcome, onClose }) {
    const { task, isCancelled, failure, isKnown, lines } = outcome;
    const variant = failure !== null ? "danger" : isCancelled || !isKnown ? "warning" : "success";
    return h(
      Alert,
      { variant, dismissible: true, onClose, className: "s2p-alert" },
      h(
        "div",
        null,
        h("strong", null, `${task} ${jobList.howItEnded(outcome)}.`),
        " ",
        failure && h(display.Text, { text: failure, limit: 1000 }),
      ),
      lines.length > 0 &&
        h("details", { open: failure !== null }, h("summary", null, "What it said"), h(Lines, { lines })),
    );
  }

  /** @param {{lines: LogLine[]}} properties */
  function Lines({ lines }) {
    if (lines.length === 0) return null;
    return h(
      "ol",
      { className: "s2p-lines", "aria-label": "Last lines of the log" },
      lines.map((line, place) =>
        h(
          "li",
          { key: place, className: `s2p-${line.level.toLowerCase()}` },
          h(display.Text, { text: line.text }),
        ),
      ),
    );
  }

  return { JobPanel };
});
