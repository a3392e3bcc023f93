// Tables, one page at a time. In a narrow window each row is a card (style.css), and still a row to a screen
// reader.
Stash2Plex.define("table", ({ stash: { React, h, Bootstrap, Router }, words, display, address }) => {
  const { Button, Form } = Bootstrap;
  const ROWS_A_PAGE = 50;

  /** @type {Parts["table"]["Table"]} */
  function Table({ label, columns, rows, idOf, ticks }) {
    return h(
      "table",
      { className: "table s2p-table", role: "table", "aria-label": label },
      h(
        "thead",
        { role: "rowgroup" },
        h(
          "tr",
          { role: "row" },
          ticks &&
            h("th", { role: "columnheader", scope: "col", className: "s2p-tick" }, h(TickAll, { ticks })),
          columns.map(({ title, width }) =>
            h("th", { key: title, role: "columnheader", scope: "col", className: classOf(width) }, title),
          ),
        ),
      ),
      h(
        "tbody",
        { role: "rowgroup" },
        rows.map((row, place) => {
          const id = idOf(row);
          // A scene with several items has several rows of a preview.
          const name = `${id}-${place}`;
          return h(
            "tr",
            { key: name, role: "row" },
            ticks && h("td", { role: "cell", className: "s2p-tick" }, h(Tick, { ticks, name, id, of: row })),
            columns.map(({ title, width, cell }) =>
              h(
                "td",
                { key: title, role: "cell", "data-label": title, className: classOf(width) },
                h("div", null, cell(row)),
              ),
            ),
          );
        }),
      ),
    );
  }

  /** @param {Column<any>["width"]} width */
  const classOf = (width) => (width === undefined ? undefined : `s2p-column-${width}`);

  /** @param {{ticks: Ticks<any>}} properties */
  function TickAll({ ticks }) {
    return h(Form.Check, {
      id: `${ticks.name}-all`,
      type: "checkbox",
      "aria-label": "Tick all on this page",
      checked: ticks.areAllOnPage,
      onChange: display.onTicked(ticks.setPage),
    });
  }

  /** @param {{ticks: Ticks<any>, name: string, id: number, of: any}} properties */
  function Tick({ ticks, name, id, of: row }) {
    return h(Form.Check, {
      id: `${ticks.name}-${name}`,
      type: "checkbox",
      "aria-label": `Tick ${words.shortened(ticks.titleOf(row), 80)}`,
      checked: ticks.has(id),
      onChange: display.onTicked((isOn) => ticks.set(id, isOn)),
    });
  }

  /** @type {Parts["table"]["Pager"]} */
  function Pager({ list, onPage }) {
    const { page, pages, total } = list;
    if (total === 0) return null;
    const first = (page - 1) * ROWS_A_PAGE + 1;
    const last = Math.min(page * ROWS_A_PAGE, total);
    const step = (/** @type {string} */ title, /** @type {number} */ to) =>
      h(
        Button,
        { size: "sm", variant: "secondary", disabled: to < 1 || to > pages, onClick: () => onPage(to) },
        title,
      );
    return h(
      "nav",
      { className: "s2p-pager", "aria-label": "Pages" },
      h("span", null, `${words.count(first)}–${words.count(last)} of ${words.count(total)}`),
      pages > 1 && [
        h(React.Fragment, { key: "first" }, step("First", page > 2 ? 1 : 0)),
        h(React.Fragment, { key: "previous" }, step("Previous", page - 1)),
        h("span", { key: "page" }, `Page ${words.count(page)} of ${words.count(pages)}`),
        h(React.Fragment, { key: "next" }, step("Next", page + 1)),
        h(React.Fragment, { key: "last" }, step("Last", page < pages - 1 ? pages : 0)),
      ],
    );
  }

  /** @type {Parts["table"]["SceneCell"]} */
  function SceneCell({ row }) {
    const name = row.title || "Without a title";
    return h(
      "div",
      { className: "s2p-scene" },
      h(display.Cover, { path: row.cover }),
      h(
        "div",
        null,
        row.scene_id === null
          ? h(display.Text, { text: name })
          : h(
              Router.Link,
              { to: `/scenes/${row.scene_id}` },
              h("bdi", { className: "s2p-text" }, words.shortened(name, 160)),
            ),
        row.file && h("div", { className: "s2p-file" }, h(display.Text, { text: row.file })),
      ),
    );
  }

  /** @type {Parts["table"]["Open"]} */
  function Open({ row }) {
    const inPlex = address.outside(row.plex_address);
    return h(
      React.Fragment,
      null,
      row.scene_id &&
        h(
          Router.Link,
          {
            to: `/scenes/${row.scene_id}`,
            className: "btn btn-sm btn-secondary",
            title: "Open in Stash",
            "aria-label": "Open in Stash",
          },
          h(display.Icon, { name: "faCirclePlay" }),
        ),
      inPlex !== null &&
        h(
          display.Outside,
          { to: inPlex, className: "btn btn-sm btn-secondary", title: "Open in Plex" },
          h(display.Icon, { name: "faArrowUpRightFromSquare" }),
        ),
    );
  }

  return { Table, Pager, SceneCell, Open };
});
