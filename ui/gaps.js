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
  /** @type {Partial<Record<KindOfScene, string>>} */
  const NO_GAPS = { left_out: "Left out", without_file: "Without a file", ignored: "Ignored" };
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
      ...Object.entries(NO_GAPS).map(([value, title]) => ({ value, title })),
    ],
  };

  /** @type {Column<GapRow>[]} */
  const COLUMNS = [
    { title: "Scene", width: "wide", cell: (row) => h(table.SceneCell, { row }) },
    { title: "Gap", width: "slim", cell: (row) => h(KindOfGap, { row }) },
    { title: "Reason", cell: (row) => h(display.Text, { text: row.reason }) },
    { title: "Cure", cell: (row) => h(display.Text, { text: row.cure }) },
  ];

  /** @param {{row: GapRow}} properties */
  function KindOfGap({ row }) {
    return h(
      "div",
      { className: "s2p-badges" },
      h(Badge, { variant: "secondary" }, { ...KINDS, ...NO_GAPS }[row.kind]),
      row.state && h("small", { className: "text-muted" }, STATES[row.state]),
    );
  }

  /** @type {Parts["gaps"]["Tab"]} */
  function Tab() {
    return h(sceneList.SceneList, {
      operation: "gaps",
      label: "Gaps",
      filters: [FILTER],
      columns: COLUMNS,
      actions: ({ chosen }) =>
        chosen.kind === "ignored"
          ? [sceneActions.SYNC_NOW, sceneActions.stopIgnoring("scene")]
          : [sceneActions.SYNC_NOW, sceneActions.RETRY, sceneActions.ignore("scene")],
      idOf: (/** @type {GapRow} */ row) => /** @type {number} */ (row.scene_id),
      toChosen: (ids, { chosen, search }) => ({
        scenes: ids,
        list: "gaps",
        kind: chosen.kind ?? "all",
        search,
      }),
      above: (/** @type {Gaps} */ found) =>
        h(tasks.Found, { at: found.found_at, task: "Reconcile Library (All)", verb: "Compared" }),
      empty: (/** @type {Gaps} */ found, chosen) =>
        found.found_at === null
          ? "The two libraries were not compared yet. A reconcile changes nothing in Plex."
          : chosen.kind === "all"
            ? "No gaps: every scene is in Plex as it is in Stash."
            : "No scene of this kind.",
    });
  }

  return { Tab };
});
