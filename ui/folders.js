// The path map in the set-up: its pairs, the plugin's suggestion, and ten scenes with the item that each one
// finds.
Stash2Plex.define("folders", (parts) => {
  const { React, h, Bootstrap } = parts.stash;
  const { display, operations, table, listState, settingControls } = parts;
  const { Badge, Button } = Bootstrap;

  /** @type {Parts["folders"]["Folders"]} */
  function Folders({ notYetSaved, pairs, onChange }) {
    const typed = listState.useDebounced(JSON.stringify(pairs), 600);
    const settings = {
      ...notYetSaved.settings,
      ...(pairs === null ? {} : { path_map: JSON.parse(typed) }),
    };
    const answered = operations.useAnswer("path_map", { ...notYetSaved, settings }, { isLasting: true });
    const found = answered.answer;
    const suggested = found === null ? [] : asSetting(found.suggested);
    const inForce = pairs ?? (found === null ? [] : asSetting(found.pairs));
    const isWithout = pairs === null && found !== null && found.pairs.length === 0 && suggested.length > 0;
    React.useEffect(() => {
      // Nobody has chosen one, and one is needed: it is what the samples below are then looked for with.
      if (isWithout) onChange(suggested);
      // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [isWithout]);
    return h(
      React.Fragment,
      null,
      h(settingControls.Pairs, {
        id: "s2p-map",
        sides: ["Folder in Stash", "Folder in Plex"],
        pairs: inForce,
        onChange,
      }),
      h(Suggestion, { suggested, inForce, onChange }),
      h(display.Answered, { of: answered, what: "ten sample scenes" }, (/** @type {PathMap} */ known) =>
        h(Samples, { samples: known.samples }),
      ),
    );
  }

  /** @param {FolderPair[]} pairs @returns {SettingPair[]} */
  const asSetting = (pairs) => pairs.map(({ stash, plex }) => [stash, plex]);

  /**
   * @param {{suggested: SettingPair[], inForce: SettingPair[], onChange: (pairs: SettingPair[]) => void}}
   *   properties
   */
  function Suggestion({ suggested, inForce, onChange }) {
    if (suggested.length === 0) return null;
    const text = suggested.map(([inStash, inPlex]) => `${inStash} → ${inPlex}`).join("; ");
    const isTaken = JSON.stringify(suggested) === JSON.stringify(inForce);
    return h(
      "p",
      { className: "s2p-suggestion" },
      isTaken ? "This is what the files of both servers suggest." : "The files of both servers suggest: ",
      !isTaken && h(display.Text, { text }),
      !isTaken &&
        h(
          Button,
          { size: "sm", variant: "secondary", onClick: () => onChange(suggested) },
          "Use the suggestion",
        ),
    );
  }

  /** @type {Column<Sample>[]} */
  const COLUMNS = [
    { title: "Scene in Stash", width: "wide", cell: (row) => h(table.SceneCell, { row }) },
    { title: "Looked for in Plex", cell: (row) => h(display.Text, { text: row.plex_path_looked_for }) },
    { title: "Item in Plex", cell: (row) => h(Item, { row }) },
  ];

  /** @param {{row: Sample}} properties */
  function Item({ row }) {
    if (row.item === null) return h(Badge, { variant: "warning" }, "Not found");
    return h(
      "div",
      null,
      h(display.Text, { text: row.item.title }),
      h("div", { className: "s2p-file" }, h(display.Text, { text: row.item.file })),
      h("small", { className: "text-muted" }, `${row.item.library}: ${row.level_words}`),
    );
  }

  /** @param {{samples: Sample[]}} properties */
  function Samples({ samples }) {
    if (samples.length === 0) return h(display.Empty, null, "Stash has no scene with a file yet.");
    return h(table.Table, {
      label: "Sample scenes",
      columns: COLUMNS,
      rows: samples,
      idOf: (/** @type {Sample} */ row) => row.scene_id,
    });
  }

  return { Folders };
});
