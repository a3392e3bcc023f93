// The tab Orphans: items in Plex that belong to no scene.
Stash2Plex.define("orphans", (parts) => {
  const { h } = parts.stash;
  const { words, display, sceneList, sceneActions, tasks } = parts;

  /** @type {ListFilter<Orphans>} */
  const KIND = {
    name: "kind",
    label: "Kind of orphan",
    usual: "all",
    values: ({ libraries }) => [
      { value: "all", title: "All", count: sum(libraries, "orphans") + sum(libraries, "uncertain") },
      { value: "orphans", title: "Certain", count: sum(libraries, "orphans") },
      { value: "uncertain", title: "Uncertain", count: sum(libraries, "uncertain") },
      { value: "ignored", title: "Ignored" },
    ],
  };

  /** @type {ListFilter<Orphans>} */
  const LIBRARY = {
    name: "library",
    label: "Library",
    usual: "",
    isLong: true,
    values: ({ libraries }) => [
      { value: "", title: "All libraries" },
      ...libraries.map(({ key, title, orphans, uncertain }) => ({
        value: key,
        title,
        count: orphans + uncertain,
      })),
    ],
  };

  /** @param {Orphans["libraries"]} libraries @param {"orphans" | "uncertain"} kind */
  const sum = (libraries, kind) => libraries.reduce((before, library) => before + library[kind], 0);

  /** @type {Column<OrphanRow>[]} */
  const COLUMNS = [
    { title: "Item in Plex", width: "wide", cell: (row) => h(Item, { row }) },
    { title: "Library", cell: (row) => h(display.Text, { text: row.library }) },
    { title: "Reason", cell: (row) => h(Reason, { row }) },
  ];

  /** @param {{row: OrphanRow}} properties */
  function Item({ row }) {
    return h(
      "div",
      null,
      h(display.Text, { text: row.title || "Without a title", limit: 160 }),
      h("div", { className: "s2p-file" }, h(display.Text, { text: row.file })),
    );
  }

  /** @param {{row: OrphanRow}} properties */
  function Reason({ row }) {
    return h(
      "div",
      { className: "s2p-badges" },
      row.is_uncertain
        ? "Uncertain: its file may be one of a scene, under another path."
        : "No scene in Stash has its file.",
    );
  }

  /** @type {Parts["orphans"]["Tab"]} */
  function Tab() {
    return h(sceneList.SceneList, {
      operation: "orphans",
      label: "Orphans",
      filters: [KIND, LIBRARY],
      columns: COLUMNS,
      actions: ({ chosen }) =>
        chosen.kind === "ignored" ? [sceneActions.stopIgnoring("item")] : [sceneActions.ignore("item")],
      idOf: (/** @type {OrphanRow} */ row) => row.rating_key,
      toChosen: (ids, { chosen, search }) => ({
        rating_keys: ids,
        list: "orphans",
        kind: chosen.kind ?? "all",
        library: chosen.library || null,
        search,
      }),
      above: (/** @type {Orphans} */ found) =>
        h(tasks.Found, { at: found.found_at, task: "Find Orphans", verb: "Looked for", report: "orphans" }),
      empty: (/** @type {Orphans} */ found, chosen) =>
        found.found_at === null
          ? "Orphans were not looked for yet. Looking changes nothing."
          : chosen.kind !== "all" || chosen.library
            ? "No such item."
            : `No orphans in ${words.countOf(found.libraries.length, "library", "libraries")}: every item is a scene's.`,
    });
  }

  return { Tab };
});
