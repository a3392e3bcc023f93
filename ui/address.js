// Where things are: the page's own tabs and filters in the address bar, Stash's pages, files and pictures.
Stash2Plex.define("address", ({ stash: { React, Router } }) => {
  const PAGE = "/plugins/stash2plex";
  // Behind a proxy Stash may lie in a folder of its own.
  const base = (document.querySelector("base")?.getAttribute("href") ?? "/").replace(/\/$/, "");

  /** @type {Parts["address"]["ofTab"]} */
  function ofTab(tab, more = {}) {
    return `${PAGE}?${new URLSearchParams({ tab, ...more })}`;
  }

  /** @type {Parts["address"]["ofFile"]} */
  const ofFile = (path) => (path.startsWith("/") ? base + path : path);

  /** @type {Parts["address"]["outside"]} */
  function outside(address) {
    return address && /^https?:\/\//i.test(address) ? address : null;
  }

  /** @type {Parts["address"]["useAddress"]} */
  function useAddress() {
    const { search } = Router.useLocation();
    const history = Router.useHistory();
    const get = React.useCallback(
      (/** @type {string} */ name) => new URLSearchParams(search).get(name) ?? "",
      [search],
    );
    const set = React.useCallback(
      (/** @type {Record<string, string>} */ values, isTyping = false) => {
        const words = new URLSearchParams(history.location.search);
        for (const [name, value] of Object.entries(values)) {
          if (value === "") words.delete(name);
          else words.set(name, value);
        }
        (isTyping ? history.replace : history.push)({ search: `?${words}` });
      },
      [history],
    );
    return { get, set };
  }

  return { PAGE, ofTab, ofFile, outside, useAddress };
});
