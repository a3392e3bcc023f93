// The page's one name in the window, and the way in which its files find each other.
//
// Stash serves the files of the manifest's block `ui` one after another, as one script without modules.
// Each of them calls `Stash2Plex.define` once: with its name, and with a function that gets the parts that
// were made before and returns what it makes itself (their types: parts.d.ts). Where Stash lacks something
// that the page is made of, no part is made, nothing is registered, and the console has one line.
(() => {
  const NEEDED = [
    "React.createElement",
    "libraries.Apollo.gql",
    "libraries.Apollo.useApolloClient",
    "libraries.Bootstrap.Button",
    "libraries.FontAwesomeSolid.faRotate",
    "libraries.ReactRouterDOM.useLocation",
  ];

  /**
   * What stands in an object under a name with dots; undefined where there is no such thing.
   * @param {unknown} object
   * @param {string} name
   * @returns {unknown}
   */
  function find(object, name) {
    return name
      .split(".")
      .reduce(
        (/** @type {any} */ found, key) => (found === null || found === undefined ? undefined : found[key]),
        object,
      );
  }

  /** @param {PluginApi} api @returns {Parts["stash"]} */
  function whatStashGives(api) {
    const { Apollo, Bootstrap, FontAwesomeSolid, ReactRouterDOM } = api.libraries;
    const has = (/** @type {string} */ name) => find(api, name) !== undefined;
    return {
      React: api.React,
      h: api.React.createElement,
      Apollo,
      Bootstrap,
      icons: FontAwesomeSolid,
      Router: ReactRouterDOM,
      api,
      has,
    };
  }

  /** @type {Partial<Parts> | null} */
  let parts = null;

  /** @param {string} reason */
  function giveUp(reason) {
    parts = null;
    console.warn(`Stash2Plex: no page in Stash, ${reason}. Its tasks work as before.`);
  }

  /** @type {Stash2PlexInWindow["define"]} */
  function define(name, make) {
    if (parts === null) return;
    try {
      const made = make(/** @type {Parts} */ (parts));
      Object.assign(parts, { [name]: Object.freeze(made) });
    } catch (problem) {
      giveUp(`for ${name} failed: ${problem}`);
    }
  }

  const missing = NEEDED.filter((name) => find(window.PluginApi, name) === undefined);
  if (missing.length > 0) giveUp(`for this Stash has no ${missing.join(", ")}`);
  else parts = { stash: whatStashGives(window.PluginApi) };
  window.Stash2Plex = Object.freeze({ define });
})();
