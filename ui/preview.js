// The tab Preview: what would be written to Plex, scene by scene, old and new value of each field.
Stash2Plex.define("preview", ({ stash: { h }, words, display, table, sceneList, sceneActions, tasks }) => {
  /** @type {ListFilter<Preview>} */
  const FILTER = {
    name: "field",
    label: "Field",
    usual: "",
    isLong: true,
    values: ({ items, fields }) => [
      { value: "", title: "All fields", count: items },
      ...fields.map(({ field, title, count }) => ({ value: field, title, count })),
    ],
  };

  /** @type {Column<PreviewRow>[]} */
  const COLUMNS = [
    { title: "Scene", width: "wide", cell: (row) => h(table.SceneCell, { row }) },
    { title: "Changes in Plex", cell: (row) => h(Changes, { changes: row.changes }) },
  ];

  /** @param {{changes: Change[]}} properties */
  function Changes({ changes }) {
    return h(
      "dl",
      { className: "s2p-changes" },
      changes.map((change) => [
        h("dt", { key: `${change.field} name` }, change.title),
        h(
          "dd",
          { key: change.field },
          Array.isArray(change.old) || Array.isArray(change.new)
            ? h(ListChange, { before: asList(change.old), after: asList(change.new) })
            : h(ValueChange, {
                before: words.valueInWords(change.old),
                after: words.valueInWords(change.new),
              }),
        ),
      ]),
    );
  }

  /** @param {FieldValue} value @returns {string[]} */
  const asList = (value) => (Array.isArray(value) ? value : value === null ? [] : [String(value)]);

  /**
   * Of lists what comes and goes is shown, or all where only their order changes.
   * @param {{before: string[], after: string[]}} properties
   */
  function ListChange({ before, after }) {
    const gone = before.filter((name) => !after.includes(name));
    const come = after.filter((name) => !before.includes(name));
    if (gone.length + come.length === 0) {
      return h(display.Text, { text: after.join(", ") });
    }
    return h(
      "span",
      { className: "s2p-names" },
      gone.map((name) => h("del", { key: `- ${name}` }, h(display.Text, { text: name }))),
      come.map((name) => h("ins", { key: `+ ${name}` }, h(display.Text, { text: name }))),
    );
  }

  /** @param {{before: string, after: string}} properties */
  function ValueChange({ before, after }) {
    return h(
      "span",
      null,
      before === ""
        ? h("em", { className: "text-muted" }, "empty")
        : h("del", null, h(display.Text, { text: before })),
      h("span", { "aria-label": "becomes" }, " → "),
      after === ""
        ? h("em", { className: "text-muted" }, "empty")
        : h("ins", null, h(display.Text, { text: after })),
    );
  }

  /** @type {Parts["preview"]["Tab"]} */
  function Tab() {
    return h(sceneList.SceneList, {
      operation: "preview",
      label: "Preview",
      filters: [FILTER],
      columns: COLUMNS,
      actions: [sceneActions.SYNC_NOW, sceneActions.ignore("scene")],
      idOf: (/** @type {PreviewRow} */ row) => /** @type {number} */ (row.scene_id),
      toChosen: (ids, { chosen, search }) => ({
        scenes: ids,
        list: "preview",
        field: chosen.field || null,
        search,
      }),
      above: (/** @type {Preview} */ found) =>
        h(tasks.Found, {
          at: found.made_at,
          task: "Preview Sync (Dry Run)",
          verb: "Made",
          report: "preview",
        }),
      empty: (/** @type {Preview} */ found) =>
        found.made_at === null
          ? "No preview was made yet. It shows what would be written, and changes nothing."
          : "Nothing would be written: Plex has what Stash has.",
    });
  }

  return { Tab };
});
