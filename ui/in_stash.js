// The plugin's places in Stash's own pages: an icon in its bar, a tab on a scene's page, its settings, a
// tool.
Stash2Plex.define("inStash", (parts) => {
  const { React, h, Bootstrap, Router } = parts.stash;
  const { address, display, operations, scene } = parts;
  const { guarded } = parts.guard;
  const { Nav, Tab } = Bootstrap;
  const SCENE_TAB = "stash2plex-panel";
  // Stash sorts settings by their keys; what nothing works without comes first.
  const FIRST = ["plex_url", "plex_token", "plex_library", "path_map"];

  /** What is drawn, with more after it. @param {any} properties @param {any} more @returns {any[]} */
  const withMore = (properties, more) => [{ ...properties, children: [properties.children, more] }];

  const KEY = "stash2plex";

  /** @param {any} properties @param {...any} others */
  const barItem = (properties, ...others) => [
    ...withMore(properties, guarded(h(BarItem), undefined, KEY)),
    ...others,
  ];

  function BarItem() {
    return h(
      Router.NavLink,
      { className: "nav-utility", to: address.PAGE, title: "Stash2Plex" },
      h(
        // A button without Stash's colour for one; the link around it is what is reached by the keyboard.
        "span",
        { className: "btn s2p-bar-item d-flex align-items-center h-100", title: "Stash2Plex" },
        h(display.Icon, { name: "faTv" }),
      ),
    );
  }

  /** @param {any} properties @param {...any} others */
  const sceneTab = (properties, ...others) => [
    ...withMore(properties, h(Nav.Item, { key: KEY }, h(Nav.Link, { eventKey: SCENE_TAB }, "Plex"))),
    ...others,
  ];

  /** @param {any} properties @param {...any} others */
  const sceneTabContent = (properties, ...others) => [
    ...withMore(
      properties,
      h(
        Tab.Pane,
        { key: KEY, eventKey: SCENE_TAB, mountOnEnter: true, unmountOnExit: true },
        properties.scene && guarded(h(scene.Tab, { sceneId: Number(properties.scene.id) }), inWords),
      ),
    ),
    ...others,
  ];

  /** @param {string} reason */
  const inWords = (reason) => `This cannot be shown: ${reason}`;

  /** @param {any} properties @param {...any} others */
  const tool = (properties, ...others) => [
    ...withMore(properties, guarded(h(Tool), undefined, KEY)),
    ...others,
  ];

  /** Which of them shows itself: Stash has several sections of tools, and draws one in each. */
  let shownTool = /** @type {object | null} */ (null);

  function Tool() {
    const [isShown, setIsShown] = React.useState(false);
    React.useEffect(() => {
      const me = {};
      shownTool ??= me;
      setIsShown(shownTool === me);
      return () => {
        if (shownTool === me) shownTool = null;
      };
    }, []);
    if (!isShown) return null;
    return h(
      "div",
      { className: "setting" },
      h(
        "div",
        null,
        h("h3", null, h(Router.Link, { to: address.PAGE, className: "btn btn-primary" }, "Stash2Plex")),
        h("div", { className: "sub-heading" }, "What is in Plex and what is not, and what to do about it."),
      ),
      h("div"),
    );
  }

  /** @param {any} properties @param {...any} others */
  function settingsInOrder(properties, ...others) {
    if (properties.pluginID !== operations.PLUGIN || !Array.isArray(properties.settings))
      return [properties, ...others];
    const place = (/** @type {{name: string}} */ { name }) => FIRST.indexOf(name) + 1 || FIRST.length + 1;
    const settings = [...properties.settings].sort((one, other) => place(one) - place(other));
    return [{ ...properties, settings }, ...others];
  }

  /** @param {any} properties @param {...any} others The last of them is what is drawn. */
  function settingsWithLink(properties, ...others) {
    const drawn = others[others.length - 1];
    if (properties.pluginID !== operations.PLUGIN) return drawn;
    return [
      guarded(h(SettingsLink), undefined, "link"),
      h("div", { key: "settings", className: "s2p-own-settings" }, drawn),
    ];
  }

  function SettingsLink() {
    return h(
      "div",
      { className: "setting" },
      h(
        "div",
        null,
        h("h3", null, "Page"),
        h(
          "div",
          { className: "sub-heading" },
          "Set-up, settings with fitting controls, gaps, preview and queue.",
        ),
      ),
      h(
        "div",
        null,
        h(Router.Link, { to: address.ofTab("settings"), className: "btn btn-primary" }, "Open the page"),
      ),
    );
  }

  return { barItem, sceneTab, sceneTabContent, tool, settingsInOrder, settingsWithLink };
});
