// The tab Overview: what to do next, how many scenes stand how, both servers, when what ran, and the tasks.
Stash2Plex.define("overview", (parts) => {
  const { React, h, Bootstrap, Router } = parts.stash;
  const { words, address, display, status, jobList, tasks, nextStep, servers } = parts;
  const { Alert } = Bootstrap;
  const MEMORY =
    "What was written to Plex is no longer wholly known. Until a full reconcile and the Process Queue after it " +
    "are through, values are only added.";

  /** @typedef {{key: keyof SceneCounts, title: string, tab?: [string, Record<string, string>]}} CountOf */

  /** @type {CountOf[]} Of the last reconcile; they add up to all scenes. */
  const SCENES = [
    { key: "total", title: "Scenes" },
    { key: "in_sync", title: "In sync" },
    { key: "missing", title: "Missing", tab: ["gaps", { kind: "missing" }] },
    { key: "empty", title: "Empty", tab: ["gaps", { kind: "empty" }] },
    { key: "stale", title: "Stale", tab: ["gaps", { kind: "stale" }] },
    { key: "ambiguous", title: "Ambiguous", tab: ["gaps", { kind: "ambiguous" }] },
    { key: "unknown", title: "Unknown", tab: ["gaps", { kind: "unknown" }] },
    { key: "left_out", title: "Left out", tab: ["gaps", { kind: "left_out" }] },
    { key: "without_file", title: "Without a file", tab: ["gaps", { kind: "without_file" }] },
    { key: "ignored", title: "Ignored", tab: ["gaps", { kind: "ignored" }] },
  ];
  /** @type {CountOf[]} */
  const QUEUE = [
    { key: "waiting", title: "Waiting", tab: ["queue", {}] },
    { key: "due_later", title: "Due later", tab: ["queue", { state: "later" }] },
    { key: "failed", title: "Failed", tab: ["queue", { state: "failed" }] },
  ];

  /** @type {Parts["overview"]["Tab"]} */
  function Tab() {
    const known = React.useContext(status.Context);
    return h(display.Answered, { of: known, what: "the overview" }, (/** @type {Status} */ found) =>
      h(
        React.Fragment,
        null,
        h(nextStep.NextStep, { step: found.next_step }),
        h(Troubles, { found }),
        h(
          Counts,
          { title: "Scenes", counts: SCENES, found },
          h(
            "small",
            { className: "text-muted" },
            found.counted_at === null ? " not counted yet" : " counted ",
            found.counted_at !== null && h(display.Time, { at: found.counted_at }),
          ),
        ),
        h(Counts, { title: "Queue", counts: QUEUE, found }),
        h(servers.Servers, { isSetUp: found.is_set_up }),
        h("div", { className: "s2p-columns" }, h(Runs, { found }), h(Reports, { found })),
        h(Tasks, { found }),
      ),
    );
  }

  /** @param {{found: Status}} properties */
  function Troubles({ found }) {
    return h(
      React.Fragment,
      null,
      found.outage_since !== null &&
        h(
          Alert,
          { variant: "warning" },
          "A server has been away since ",
          h(display.Time, { at: found.outage_since }),
          ". Everything is kept, and the next edit or task tries again.",
        ),
      // That nothing is set yet is what the next step is about.
      found.is_set_up &&
        found.problems.map((problem, place) => h(display.ProblemView, { key: place, problem })),
      !found.is_memory_whole && h(Alert, { variant: "warning" }, MEMORY),
    );
  }

  /** @param {{title: string, counts: CountOf[], found: Status, children?: React.ReactNode}} properties */
  function Counts({ title, counts, found, children }) {
    return h(
      "section",
      { "aria-label": title },
      h("h2", null, title, children),
      h(
        "ul",
        { className: "s2p-counts" },
        counts.map(({ key, title: name, tab }) =>
          h("li", { key }, h(Count, { title: name, number: found.scenes[key], tab })),
        ),
      ),
    );
  }

  /**
   * @param {{title: string, number: number | null, tab: [string, Record<string, string>] | undefined}}
   *   properties
   */
  function Count({ title, number, tab }) {
    const inside = [h("strong", { key: "number" }, words.count(number)), h("span", { key: "title" }, title)];
    if (tab === undefined || !number) return h("div", null, inside);
    return h(Router.Link, { to: address.ofTab(...tab) }, inside);
  }

  /** @param {{found: Status}} properties */
  function Runs({ found }) {
    const { last_reconcile: reconcile, last_drain: drain, next_reconcile: next } = found;
    return h(
      "section",
      { "aria-labelledby": "s2p-runs" },
      h("h2", { id: "s2p-runs" }, "Runs"),
      h(
        "dl",
        { className: "s2p-facts" },
        h("dt", null, "Last reconcile"),
        h("dd", null, h(Run, { at: reconcile?.at ?? null, what: reconcile?.what })),
        h("dt", null, "Next reconcile"),
        h("dd", null, h(Run, { at: next.at, what: next.what, never: "" })),
        h("dt", null, "Last writing to Plex"),
        h("dd", null, h(Run, { at: drain?.at ?? null, what: drain?.what })),
        h("dt", null, "Who writes"),
        h("dd", null, found.drain_words),
      ),
    );
  }

  /** @param {{at: Moment, what: string | undefined, never?: string}} properties */
  function Run({ at, what, never = "never" }) {
    return h(
      React.Fragment,
      null,
      h(display.Time, { at, never }),
      what && (at !== null || never !== "") ? ": " : "",
      what && h(display.Text, { text: what }),
    );
  }

  /** @param {{found: Status}} properties */
  function Reports({ found }) {
    return h(
      "section",
      { "aria-labelledby": "s2p-reports" },
      h("h2", { id: "s2p-reports" }, "Reports"),
      h(
        "dl",
        { className: "s2p-facts" },
        h("dt", null, "Preview"),
        h(
          "dd",
          null,
          found.preview_at === null
            ? "not made yet"
            : ["made ", h(display.Time, { key: 0, at: found.preview_at })],
          " ",
          h(tasks.ReportLink, { report: "preview" }),
        ),
        h("dt", null, "Orphans"),
        h(
          "dd",
          null,
          found.orphans !== null && `${words.countOf(found.orphans, "orphan")}, `,
          found.orphans_at === null
            ? "not looked for yet"
            : ["looked for ", h(display.Time, { key: 0, at: found.orphans_at })],
          " ",
          h(tasks.ReportLink, { report: "orphans" }),
        ),
      ),
    );
  }

  /** @param {{found: Status}} properties */
  function Tasks({ found }) {
    const shown = [...jobList.MAIN_TASKS, ...(found.brings_back ? jobList.BACK_TASKS : [])];
    return h(
      "section",
      { "aria-labelledby": "s2p-tasks" },
      h("h2", { id: "s2p-tasks" }, "Tasks"),
      h(
        "div",
        { className: "s2p-buttons" },
        shown.map((task) => h(tasks.RunTask, { key: task, task })),
      ),
    );
  }

  return { Tab };
});
