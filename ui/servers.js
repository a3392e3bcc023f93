// Both servers and the libraries in Plex, as the overview shows them. Plex is asked, so this comes by itself.
Stash2Plex.define("servers", ({ stash: { React, h }, words, display, operations }) => {
  /** @type {Parts["servers"]["Servers"]} */
  function Servers({ isSetUp }) {
    const answered = operations.useAnswer("servers", {}, { isWanted: isSetUp });
    if (!isSetUp) return null;
    return h(
      "section",
      { "aria-labelledby": "s2p-servers" },
      h("h2", { id: "s2p-servers" }, "Servers"),
      h(display.Answered, { of: answered, what: "both servers" }, (/** @type {Servers} */ found) =>
        h(
          React.Fragment,
          null,
          found.problem !== null &&
            h(display.ProblemView, { problem: found.problem, onRetry: answered.reload }),
          h(
            "div",
            { className: "s2p-columns" },
            h(Server, { kind: "Stash", server: found.stash }),
            found.plex !== null &&
              h(Server, { kind: "Plex", server: found.plex, isOwner: found.plex.is_owner }),
          ),
          found.libraries.length > 0 && h(Libraries, { libraries: found.libraries }),
        ),
      ),
    );
  }

  /**
   * @param {{kind: string, server: {name: string, version: string, address: string}, isOwner?: boolean |
   *   null}} properties
   */
  function Server({ kind, server, isOwner = null }) {
    return h(
      "div",
      { className: "s2p-box" },
      h("h3", null, kind),
      h("div", null, h(display.Text, { text: server.name })),
      server.version !== "" &&
        h("div", { className: "text-muted" }, h(display.Text, { text: `Version ${server.version}` })),
      h("div", { className: "text-muted" }, h(display.Text, { text: server.address })),
      isOwner === false &&
        h("div", { className: "text-warning" }, "The token is not that of the server's owner."),
    );
  }

  /** @param {{libraries: Servers["libraries"]}} properties */
  function Libraries({ libraries }) {
    return h(
      "ul",
      { className: "s2p-libraries", "aria-label": "Libraries in Plex" },
      libraries.map((library) =>
        h(
          "li",
          { key: library.key, className: library.is_chosen ? undefined : "s2p-left-out" },
          h("strong", null, h(display.Text, { text: library.title })),
          h("span", null, libraryInWords(library)),
          library.is_chosen &&
            library.in_sync !== null &&
            library.items > 0 &&
            h(display.Progress, {
              label: `In sync in ${library.title}`,
              part: library.in_sync / library.items,
            }),
        ),
      ),
    );
  }

  /** @param {Servers["libraries"][number]} library */
  function libraryInWords({ items, is_chosen: isChosen, in_sync: inSync }) {
    const all = words.countOf(items, "item");
    if (!isChosen) return `${all}, not chosen`;
    return inSync === null ? all : `${words.count(inSync)} of ${all} in sync`;
  }

  return { Servers };
});
