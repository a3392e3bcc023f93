// The tab Queue: what waits to be written, what is tried again later, and what failed, with the reason and
// the cure.
Stash2Plex.define("queue", ({ stash: { h }, words, display, table, sceneList, sceneActions, tasks }) => {
  /** @type {Record<QueueState, string>} */
  const STATES = { waiting: "Waiting", later: "Due later", failed: "Failed" };

  /** @type {ListFilter<Queue>} */
  const FILTER = {
    name: "state",
    label: "State",
    usual: "waiting",
    values: ({ counts }) =>
      Object.entries(STATES).map(([value, title]) => ({
        value,
        title,
        count: counts[/** @type {QueueState} */ (value)] ?? 0,
      })),
  };

  /** @type {Column<QueueRow>[]} */
  const COLUMNS = [
    { title: "Scene", width: "wide", cell: (row) => h(table.SceneCell, { row }) },
    { title: "Reason", cell: (row) => h(display.Text, { text: row.reason }) },
    { title: "Cure", cell: (row) => h(display.Text, { text: row.cure }) },
    { title: "When", width: "slim", cell: (row) => h(When, { row }) },
  ];

  /** @param {{row: QueueRow}} properties */
  function When({ row }) {
    return h(
      "div",
      { className: "s2p-when" },
      h("span", null, "since ", h(display.Time, { at: row.since, never: "now" })),
      row.due_at !== null && h("span", null, "next try ", h(display.Time, { at: row.due_at })),
      row.attempts > 0 && h("span", null, words.countOf(row.attempts, "try", "tries")),
    );
  }

  /** @type {Record<QueueState, string>} */
  const EMPTY = {
    waiting: "Nothing is waiting.",
    later: "Nothing is put off.",
    failed: "Nothing failed.",
  };

  /** @type {Parts["queue"]["Tab"]} */
  function Tab() {
    return h(sceneList.SceneList, {
      operation: "queue",
      label: "Queue and failures",
      filters: [FILTER],
      columns: COLUMNS,
      actions: ({ chosen }) => [
        sceneActions.SYNC_NOW,
        ...(chosen.state === "failed" ? [sceneActions.RETRY] : []),
        sceneActions.ignore("scene"),
        sceneActions.remove(/** @type {QueueState} */ (chosen.state)),
      ],
      idOf: (/** @type {QueueRow} */ row) => row.key,
      toChosen: (ids, { chosen, search }) => ({
        scenes: ids,
        list: /** @type {QueueState} */ (chosen.state),
        search,
      }),
      above: () => h("div", { className: "s2p-found" }, h(tasks.RunTask, { task: "Process Queue" })),
      empty: (/** @type {Queue} */ _found, chosen) =>
        EMPTY[/** @type {QueueState} */ (chosen.state)] ?? "Nothing here.",
    });
  }

  return { Tab };
});
