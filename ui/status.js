// How it stands with the plugin, asked for once and shown by several: the overview, the set-up, the links to
// reports.
Stash2Plex.define("status", ({ stash: { React, h }, operations }) => {
  /** @type {Parts["status"]["Context"]} */
  const Context = React.createContext(
    /** @type {Answered<Status>} */ ({ answer: null, problem: null, isLoading: true, reload() {} }),
  );

  /** @type {Parts["status"]["WithStatus"]} */
  function WithStatus({ isWanted, children }) {
    const value = operations.useAnswer("status", {}, { isWanted });
    return h(Context.Provider, { value }, children);
  }

  return { Context, WithStatus };
});
