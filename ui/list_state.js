// What is looked at in a list (page, filter, search: kept in the address bar) and which rows are ticked.
Stash2Plex.define("listState", ({ stash: { React }, address, operations }) => {
  const MILLISECONDS_OF_TYPING = 300;

  /** @type {Parts["listState"]["useDebounced"]} */
  function useDebounced(value, milliseconds = MILLISECONDS_OF_TYPING) {
    const [settled, setSettled] = React.useState(value);
    React.useEffect(() => {
      const timer = window.setTimeout(() => setSettled(value), milliseconds);
      return () => window.clearTimeout(timer);
    }, [value, milliseconds]);
    return settled;
  }

  /** @type {Parts["listState"]["useList"]} */
  function useList(operation, filters) {
    const { get, set } = address.useAddress();
    const page = Math.max(1, Number.parseInt(get("page"), 10) || 1);
    const search = get("search");
    const chosen = Object.fromEntries(filters.map(({ name, usual }) => [name, get(name) || usual]));
    const asked = Object.fromEntries(Object.entries(chosen).map(([name, value]) => [name, value || null]));
    const answered = operations.useAnswer(operation, /** @type {any} */ ({ page, search, ...asked }));
    return {
      answered,
      search,
      chosen,
      setPage: (to) => set({ page: to > 1 ? String(to) : "" }),
      setSearch: React.useCallback(
        (/** @type {string} */ text) => set({ search: text, page: "" }, true),
        [set],
      ),
      setChosen: ({ name, usual, resets = [] }, to) =>
        set({
          ...Object.fromEntries(resets.map((other) => [other, ""])),
          [name]: to === usual ? "" : to,
          page: "",
        }),
    };
  }

  /** @type {Parts["listState"]["useTicks"]} */
  function useTicks(name, rows, idOf, titleOf, scope) {
    const [ticked, setTicked] = React.useState(/** @type {ReadonlySet<any>} */ (new Set()));
    const [isAll, setIsAll] = React.useState(false);
    const clear = React.useCallback(() => {
      setTicked(new Set());
      setIsAll(false);
    }, []);
    React.useEffect(clear, [clear, scope]);
    const onPage = rows.map(idOf);
    const has = (/** @type {any} */ id) => isAll || ticked.has(id);
    const change = (/** @type {any[]} */ ids, /** @type {boolean} */ isOn) => {
      const next = new Set(ticked);
      for (const id of isAll ? onPage : []) next.add(id);
      for (const id of ids) isOn ? next.add(id) : next.delete(id);
      setTicked(next);
      setIsAll(false);
    };
    return {
      name,
      titleOf,
      has,
      isAll,
      ids: [...ticked],
      areAllOnPage: onPage.length > 0 && onPage.every(has),
      set: (id, isOn) => change([id], isOn),
      setPage: (isOn) => change(onPage, isOn),
      setAll: () => setIsAll(true),
      clear,
    };
  }

  return { useDebounced, useList, useTicks };
});
