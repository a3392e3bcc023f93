// The tab Gaps: scenes that are not in Plex as they are in Stash, and why.
Stash2Plex.define("gaps", ({ stash: { h, Bootstrap }, display, table, sceneList, sceneActions, tasks }) => {
  const { Badge } = Bootstrap;

  /** @type {Record<GapKind, string>} */
  const KINDS = {
    missing: "Missing",
    empty: "Empty",
    stale: "Stale",
    ambiguous: "Ambiguous",
    unknown: "Unknown",
  };
  const STATES = { waiting: "waiting", later: "due later", failed: "failed" };

  /** @type {ListFilter<Gaps>} */
  const FILTER = {
    name: "kind",
    label: "Kind of gap",
    usual: "all",
    values: ({ counts }) => [
      { value: "all", title: "All", count: Object.values(counts).reduce((sum, number) => sum + number, 0) },
      ...Object.entries(KINDS).map(([value, title]) => ({
        value,
        title,
        count: counts[/** @type {GapKind} */ (value)] ?? 0,
      })),
    ],
  };

  /** @type {Column<GapRow>[]} */
  const COLUMNS = [
    { title: "Scene", cell: (row) => h(table.SceneCell, { row }) },
    { title: "Gap", cell: (row) => h(KindOfGap, { row }) },
    { title: "Reason", cell: (row) => h(display.Text, { text: row.reason }) },
    { title: "Cure", cell: (row) => h(display.Text, { text: row.cure }) },
  ];

  /** @param {{row: GapRow}} properties */
  function KindOfGap({ row }) {
    return h(
      "div",
      { className: "s2p-badges" },
      h(Badge, { variant: "secondary" }, KINDS[row.kind] ?? row.kind),
      row.is_ignored && h(Badge, { variant: "dark" }, "Ignored"),
      row.state && h("small", { className: "text-muted" }, STATES[row.state]),
    );
  }

  /** @type {Parts["gaps"]["Tab"]} */
  function Tab() {
    return h(sceneList.SceneList, {
      operation: "gaps",
      label: "Gaps",
      filter: FILTER,
      columns: COLUMNS,
      actions: [
        sceneActions.SYNC_NOW,
        sceneActions.RETRY,
        sceneActions.ignore("scene"),
        sceneActions.stopIgnoring("scene"),
      ],
      idOf: (/** @type {GapRow} */ row) => /** @type {number} */ (row.scene_id),
      toChosen: (ids, { chosen, search }) => ({ scenes: ids, list: "gaps", kind: chosen, search }),
      above: (/** @type {Gaps} */ found) =>
        h(tasks.Found, { at: found.found_at, task: "Reconcile Library (All)", verb: "Compared" }),
      empty: (/** @type {Gaps} */ found, chosen) =>
        found.found_at === null
          ? "The two libraries were not compared yet. A reconcile changes nothing in Plex."
          : chosen === "all"
            ? "No gaps: every scene is in Plex as it is in Stash."
            : "No gap of this kind.",
    });
  }

  return { Tab };
});
