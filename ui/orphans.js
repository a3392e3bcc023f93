// The tab Orphans: items in Plex that belong to no scene.
Stash2Plex.define(
  "orphans",
  ({ stash: { h, Bootstrap }, words, display, sceneList, sceneActions, tasks }) => {
    const { Badge } = Bootstrap;

    /** @type {ListFilter<Orphans>} */
    const FILTER = {
      name: "library",
      label: "Library",
      usual: "",
      values: ({ libraries }) => [
        {
          value: "",
          title: "All libraries",
          count: libraries.reduce((sum, { orphans, uncertain }) => sum + orphans + uncertain, 0),
        },
        ...libraries.map(({ key, title, orphans, uncertain }) => ({
          value: key,
          title,
          count: orphans + uncertain,
        })),
      ],
    };

    /** @type {Column<OrphanRow>[]} */
    const COLUMNS = [
      { title: "Item in Plex", cell: (row) => h(Item, { row }) },
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
        row.is_ignored && h(Badge, { variant: "dark" }, "Ignored"),
      );
    }

    /** @type {Parts["orphans"]["Tab"]} */
    function Tab() {
      return h(sceneList.SceneList, {
        operation: "orphans",
        label: "Orphans",
        filter: FILTER,
        columns: COLUMNS,
        actions: [sceneActions.ignore("item"), sceneActions.stopIgnoring("item")],
        idOf: (/** @type {OrphanRow} */ row) => row.rating_key,
        toChosen: (ids, { chosen, search }) => ({
          rating_keys: ids,
          list: "orphans",
          kind: chosen || null,
          search,
        }),
        above: (/** @type {Orphans} */ found) =>
          h(tasks.Found, { at: found.found_at, task: "Find Orphans", verb: "Looked for", report: "orphans" }),
        empty: (/** @type {Orphans} */ found) =>
          found.found_at === null
            ? "Orphans were not looked for yet. Looking changes nothing."
            : `No orphans in ${words.countOf(found.libraries.length, "library", "libraries")}: every item belongs to a scene.`,
      });
    }

    return { Tab };
  },
);
