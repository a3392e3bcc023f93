// The tab Preview: what would be written to items and collections in Plex and would come to Stash, old and new.
Stash2Plex.define("preview", (parts) => {
  const { React, h } = parts.stash;
  const { words, display, table, sceneList, sceneActions, tasks } = parts;

  /** @typedef {{title: string, changes: string, actions: ListAction[], nothing: string}} Kind */

  /** @type {Kind} */
  const ITEMS = {
    title: "Scene",
    changes: "Changes in Plex",
    actions: [sceneActions.SYNC_NOW, sceneActions.ignore("scene")],
    nothing: "Nothing would be written: Plex has what Stash has.",
  };

  /** @type {Record<string, Kind>} What stands in the place of that for the other lists. */
  const OTHERS = {
    collections: {
      title: "Collection",
      changes: "Changes in Plex",
      actions: [],
      nothing: "Collections would get nothing: Plex has what Stash has.",
    },
    back: {
      title: "Scene",
      changes: "Changes in Stash",
      actions: [],
      nothing: "Nothing would come from Plex to Stash.",
    },
  };

  /** @type {ListFilter<Preview>} */
  const KIND = {
    name: "kind",
    label: "What would be written",
    usual: "items",
    resets: ["field"],
    values: ({ kinds }) =>
      kinds.length > 1 ? kinds.map(({ kind, title, count }) => ({ value: kind, title, count })) : [],
  };

  /** @type {ListFilter<Preview>} */
  const FIELD = {
    name: "field",
    label: "Field",
    usual: "",
    isLong: true,
    values: ({ items, fields }) => [
      { value: "", title: "All fields", count: items },
      ...fields.map(({ field, title, count }) => ({ value: field, title, count })),
    ],
  };

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
          change.old === null
            ? h(display.Text, { text: words.valueInWords(change.new) })
            : Array.isArray(change.old) || Array.isArray(change.new)
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

  /** @param {{found: Preview}} properties */
  function Above({ found }) {
    return h(
      React.Fragment,
      null,
      h(tasks.Found, { at: found.made_at, task: "Preview Sync (Dry Run)", verb: "Made", report: "preview" }),
      found.said.length > 0 &&
        h(
          "ul",
          { className: "s2p-said", "aria-label": "Besides" },
          found.said.map((line) => h("li", { key: line }, line)),
        ),
    );
  }

  /** Of what is shown: the answer to another choice may be under way. @param {Preview | null} found */
  const kindOf = (found) => OTHERS[found?.kind ?? ""] ?? ITEMS;

  /** @param {Kind} kind @returns {Column<PreviewRow>[]} */
  const columnsOf = (kind) => [
    { title: kind.title, width: "wide", cell: (row) => h(table.SceneCell, { row }) },
    { title: kind.changes, cell: (row) => h(Changes, { changes: row.changes }) },
  ];

  /** @type {Parts["preview"]["Tab"]} */
  function Tab() {
    return h(sceneList.SceneList, {
      operation: "preview",
      label: "Preview",
      filters: [KIND, FIELD],
      columns: (list) => columnsOf(kindOf(list.answered.answer)),
      actions: (list) => kindOf(list.answered.answer).actions,
      idOf: (/** @type {PreviewRow} */ row) => /** @type {number} */ (row.scene_id),
      toChosen: (ids, { chosen, search }) => ({
        scenes: ids,
        list: "preview",
        field: chosen.field || null,
        search,
      }),
      above: (/** @type {Preview} */ found) => h(Above, { found }),
      empty: (/** @type {Preview} */ found, chosen) =>
        found.made_at === null
          ? "No preview was made yet. It shows what would be written, and changes nothing."
          : chosen.field
            ? "Nothing would change in this field."
            : kindOf(found).nothing,
    });
  }

  return { Tab };
});
