// A list of rows with all that belongs to it: search, filter, ticks, what can be done with rows, pages,
// states.
Stash2Plex.define("sceneList", (parts) => {
  const { React, h, Bootstrap } = parts.stash;
  const { words, display, operations, table, listState } = parts;
  const { Button, ButtonGroup, Form, Modal } = Bootstrap;

  /** @type {Parts["sceneList"]["SceneList"]} */
  function SceneList(properties) {
    const { operation, label, filters, idOf, empty, above } = properties;
    const list = listState.useList(operation, filters);
    const of = (/** @type {any} */ given) => (typeof given === "function" ? given(list) : given);
    /** @type {ListAction[]} */
    const actions = of(properties.actions);
    const { answer } = list.answered;
    const rows = answer === null ? [] : answer.rows;
    const scope = JSON.stringify([list.chosen, list.search]);
    const canAct = actions.length > 0;
    const ticks = listState.useTicks(operation, rows, idOf, (row) => row.title, scope);
    const shown = { ...list, ticks, actions, toChosen: properties.toChosen };
    /** @type {Column<any>[]} */
    const columns = of(properties.columns);
    // A row about no scene and no item has none.
    const haveActions = rows.some((/** @type {any} */ row) => typeof idOf(row) === "number");
    const withActions = [
      ...columns,
      {
        title: "Actions",
        width: /** @type {const} */ ("actions"),
        cell: (/** @type {any} */ row) => h(RowActions, { row, shown, idOf }),
      },
    ];
    return h(
      React.Fragment,
      null,
      answer !== null && above(answer),
      h(
        "div",
        { className: "s2p-filters" },
        answer !== null &&
          filters.map((filter) => {
            const given = { key: filter.name, filter, values: filter.values(answer), list };
            if (given.values.length === 0) return null;
            return filter.isLong ? h(LongFilter, given) : h(Filter, given);
          }),
        h(Search, { text: list.search, onSearch: list.setSearch }),
      ),
      h(
        display.Answered,
        { of: list.answered, what: label.toLowerCase() },
        (/** @type {Paged<any>} */ found) =>
          found.total === 0
            ? h(display.Empty, null, list.search ? "Nothing fits this search." : empty(found, list.chosen))
            : h(
                React.Fragment,
                null,
                canAct && h(ActBar, { shown, total: found.total }),
                h(table.Table, {
                  label,
                  columns: haveActions ? withActions : columns,
                  rows: found.rows,
                  idOf,
                  ...(canAct && { ticks }),
                }),
                h(table.Pager, { list: found, onPage: list.setPage }),
              ),
      ),
    );
  }

  /** @param {{filter: ListFilter<any>, values: FilterValue[], list: ListState<any>}} properties */
  function Filter({ filter, values, list }) {
    return h(
      ButtonGroup,
      { size: "sm", className: "s2p-filter", "aria-label": filter.label },
      values.map(({ value, title, count }) =>
        h(
          Button,
          {
            key: value,
            variant: "secondary",
            active: value === list.chosen[filter.name],
            "aria-pressed": value === list.chosen[filter.name],
            onClick: () => list.setChosen(filter, value),
          },
          title,
          count !== undefined && h("span", { className: "s2p-count" }, words.count(count)),
        ),
      ),
    );
  }

  /** @param {{filter: ListFilter<any>, values: FilterValue[], list: ListState<any>}} properties */
  function LongFilter({ filter, values, list }) {
    const chosen = list.chosen[filter.name] ?? "";
    // What is left of it may be nothing by now; the list is still filtered by it.
    const isOffered = values.some(({ value }) => value === chosen);
    const offered = isOffered ? values : [...values, { value: chosen, title: chosen, count: 0 }];
    return h(
      Form.Control,
      {
        as: "select",
        size: "sm",
        className: "input-control s2p-long-filter",
        "aria-label": filter.label,
        value: chosen,
        onChange: display.onTyped((value) => list.setChosen(filter, value)),
      },
      offered.map(({ value, title, count }) =>
        h("option", { key: value, value }, count === undefined ? title : `${title} (${words.count(count)})`),
      ),
    );
  }

  /** @param {{text: string, onSearch: (text: string) => void}} properties */
  function Search({ text, onSearch }) {
    const [typed, setTyped] = React.useState(text);
    const settled = listState.useDebounced(typed);
    React.useEffect(() => setTyped(text), [text]);
    React.useEffect(() => {
      if (settled !== text) onSearch(settled);
      // What comes from the address bar is no typing.
      // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [settled]);
    return h(Form.Control, {
      type: "search",
      size: "sm",
      className: "text-input s2p-search",
      placeholder: "Search title and file",
      "aria-label": "Search title and file",
      value: typed,
      onChange: display.onTyped(setTyped),
    });
  }

  /** @param {{shown: ShownList, total: number}} properties */
  function ActBar({ shown, total }) {
    const { ticks, actions } = shown;
    const number = ticks.isAll ? total : ticks.ids.length;
    return h(
      "div",
      { className: "s2p-act-bar", role: "group", "aria-label": "Act on those ticked" },
      h("span", { "aria-live": "polite" }, `${words.count(number)} of ${words.count(total)} ticked`),
      h(
        Button,
        { size: "sm", variant: "link", onClick: number > 0 ? ticks.clear : ticks.setAll },
        number > 0 ? "Untick all" : `Tick all ${words.count(total)}`,
      ),
      number > 0 &&
        !ticks.isAll &&
        number < total &&
        h(Button, { size: "sm", variant: "link", onClick: ticks.setAll }, `Tick all ${words.count(total)}`),
      actions.map((action) =>
        h(ActButton, {
          key: action.title,
          action,
          isOff: number === 0,
          number,
          chosen: () => shown.toChosen(ticks.isAll ? "all" : ticks.ids, shown),
          onDone: ticks.clear,
        }),
      ),
    );
  }

  /** @param {{row: any, shown: ShownList, idOf: (row: any) => number}} properties */
  function RowActions({ row, shown, idOf }) {
    if (typeof idOf(row) !== "number") return null;
    return h(
      "div",
      { className: "s2p-row-actions" },
      shown.actions
        .filter((action) => action.isFor === undefined || action.isFor(row))
        .map((action) =>
          h(ActButton, {
            key: action.title,
            action,
            number: 1,
            isSmall: true,
            chosen: () => shown.toChosen([idOf(row)], shown),
          }),
        ),
      h(table.Open, { row }),
    );
  }

  /**
   * @param {{action: ListAction, number: number, chosen: () => Chosen, isOff?: boolean, isSmall?: boolean,
   *   onDone?: () => void}} properties
   */
  function ActButton({ action, number, chosen, isOff = false, isSmall = false, onDone }) {
    const [isAsking, setIsAsking] = React.useState(false);
    const { act, isBusy } = operations.useAct();
    const go = async () => {
      setIsAsking(false);
      const parameters = /** @type {any} */ ({ ...chosen(), ...action.parameters });
      if ((await act(action.operation, parameters, action.toWords)) !== null && onDone) onDone();
    };
    const question = action.question?.(number);
    return h(
      React.Fragment,
      null,
      h(
        Button,
        {
          size: "sm",
          variant: "secondary",
          disabled: isOff || isBusy,
          title: action.title,
          "aria-label": action.title,
          onClick: question ? () => setIsAsking(true) : go,
        },
        h(display.Icon, { name: action.icon }),
        !isSmall && h("span", null, action.title),
      ),
      question &&
        h(Question, {
          title: action.title,
          text: question,
          isShown: isAsking,
          onNo: () => setIsAsking(false),
          onYes: go,
        }),
    );
  }

  /**
   * @param {{title: string, text: string, isShown: boolean, onYes: () => void, onNo: () => void}} properties
   */
  function Question({ title, text, isShown, onYes, onNo }) {
    return h(
      Modal,
      { show: isShown, onHide: onNo, centered: true, "aria-label": title },
      h(Modal.Header, null, h(Modal.Title, null, title)),
      h(Modal.Body, null, text),
      h(
        Modal.Footer,
        null,
        h(Button, { variant: "secondary", onClick: onNo }, "Cancel"),
        h(Button, { variant: "danger", onClick: onYes }, title),
      ),
    );
  }

  return { SceneList };
});
