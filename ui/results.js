// What an action came to: one line on the page, read out by screen readers, and the mark that all is to be
// read anew.
Stash2Plex.define("results", ({ stash: { React, h, Bootstrap }, display }) => {
  const { Alert } = Bootstrap;

  const Context = React.createContext(
    /** @type {{generation: number, refresh(): void, tell(told: Told): void}} */ ({
      generation: 0,
      refresh() {},
      tell() {},
    }),
  );

  /** @type {Parts["results"]["Results"]} */
  function Results({ scope = "", children }) {
    const [generation, setGeneration] = React.useState(0);
    const [told, setTold] = React.useState(/** @type {Told | null} */ (null));
    React.useEffect(() => setTold(null), [scope]);
    const refresh = React.useCallback(() => setGeneration((number) => number + 1), []);
    const value = React.useMemo(() => ({ generation, refresh, tell: setTold }), [generation, refresh]);
    return h(
      Context.Provider,
      { value },
      h(
        "div",
        { className: "s2p-result", "aria-live": "polite", "aria-label": "Result", role: "status" },
        told !== null && h(Line, { told, onClose: () => setTold(null) }),
      ),
      children,
    );
  }

  /** @param {{told: Told, onClose: () => void}} properties */
  function Line({ told, onClose }) {
    return h(
      Alert,
      { variant: told.problem ? "danger" : "success", dismissible: true, onClose, role: "presentation" },
      h(display.Text, { text: told.problem ? told.problem.text : told.text, limit: 1000 }),
      told.problem && h("div", { className: "s2p-buttons" }, h(display.Cures, { problem: told.problem })),
    );
  }

  return { Context, Results };
});
