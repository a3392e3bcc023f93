// The tab Plex on a scene's page: the items that hold its files, and field by field whose value it is.
Stash2Plex.define("scene", (parts) => {
  const { React, h, Bootstrap, Router } = parts.stash;
  const { words, address, display, results, operations, sceneActions } = parts;
  const { Badge, Button } = Bootstrap;

  /** @type {Parts["scene"]["Tab"]} */
  function Tab({ sceneId }) {
    return h("div", { className: "s2p s2p-in-scene" }, h(results.Results, null, h(Scene, { sceneId })));
  }

  /** @param {{sceneId: number}} properties */
  function Scene({ sceneId }) {
    const answered = operations.useAnswer("scene", { scene_id: sceneId });
    return h(
      display.Answered,
      { of: answered, what: "this scene in Plex" },
      (/** @type {SceneInPlex} */ scene) =>
        h(
          React.Fragment,
          null,
          h(Standing, { scene }),
          h(Actions, { scene, onReload: answered.reload }),
          scene.items.map((item) => h(Item, { key: item.rating_key, item })),
        ),
    );
  }

  /** @param {{scene: SceneInPlex}} properties */
  function Standing({ scene }) {
    const { queue } = scene;
    return h(
      React.Fragment,
      null,
      scene.is_ignored &&
        h("p", null, h(Badge, { variant: "dark" }, "Ignored"), " It is not written to Plex."),
      scene.is_left_out &&
        h("p", null, h(Badge, { variant: "dark" }, "Not chosen"), " It is not written to Plex."),
      queue !== null &&
        h(
          "p",
          null,
          h(Badge, { variant: queue.state === "failed" ? "danger" : "secondary" }, IN_QUEUE[queue.state]),
          " ",
          h(display.Text, { text: queue.reason }),
          queue.due_at !== null && [" Next try ", h(display.Time, { key: "due", at: queue.due_at }), "."],
        ),
      scene.reason !== null && h("p", null, h(display.Text, { text: scene.reason })),
      scene.cure !== null && h("p", { className: "text-muted" }, h(display.Text, { text: scene.cure })),
    );
  }

  /** @type {Record<QueueState, string>} */
  const IN_QUEUE = { waiting: "Waiting", later: "Due later", failed: "Failed" };

  /** @param {{scene: SceneInPlex, onReload: () => void}} properties */
  function Actions({ scene, onReload }) {
    const chosen = { scenes: [scene.scene_id] };
    const { SYNC_NOW, ignore, stopIgnoring } = sceneActions;
    const hide = scene.is_ignored ? stopIgnoring("scene") : ignore("scene");
    return h(
      "div",
      { className: "s2p-buttons" },
      !scene.is_left_out && h(ActOnScene, { action: SYNC_NOW, chosen, variant: "primary" }),
      h(ActOnScene, { action: hide, chosen, variant: "secondary" }),
      h(Button, { size: "sm", variant: "secondary", onClick: onReload }, "Read again"),
      h(Router.Link, { className: "btn btn-sm btn-secondary", to: address.ofTab("overview") }, "Stash2Plex"),
    );
  }

  /** @param {{action: ListAction, chosen: Chosen, variant: string}} properties */
  function ActOnScene({ action, chosen, variant }) {
    const { act, isBusy } = operations.useAct();
    const parameters = /** @type {any} */ ({ ...chosen, ...action.parameters });
    return h(
      Button,
      {
        size: "sm",
        variant,
        disabled: isBusy,
        onClick: () => act(action.operation, parameters, action.toWords),
      },
      action.title,
    );
  }

  /** @param {{item: ItemOfScene}} properties */
  function Item({ item }) {
    const to = address.outside(item.plex_address);
    return h(
      "section",
      { className: "s2p-item", "aria-label": `Item ${words.shortened(item.title, 80)}` },
      h("h4", null, h(display.Text, { text: item.title || "Without a title" })),
      h("div", { className: "s2p-file" }, h(display.Text, { text: item.file })),
      h(
        "p",
        null,
        h("span", { className: "text-muted" }, h(display.Text, { text: item.library }), ", "),
        h(display.Text, { text: item.level_words }),
        item.is_opted_out && [" ", h(Badge, { key: "out", variant: "dark" }, "Opted out by its label")],
      ),
      to !== null &&
        h(
          display.Outside,
          { to, className: "btn btn-sm btn-secondary", title: "Open in Plex" },
          "Open in Plex",
        ),
      h(
        "dl",
        { className: "s2p-fields", "aria-label": "Fields" },
        item.fields.map((field) => h(Field, { key: field.field, field })),
      ),
    );
  }

  /** @param {{field: FieldInBoth}} properties */
  function Field({ field }) {
    const isSame = field.winner === "same";
    // What neither has needs no words.
    if (isSame && words.valueInWords(field.stash) === "") return null;
    return h(
      React.Fragment,
      null,
      h(
        "dt",
        null,
        h("span", null, field.title),
        field.is_locked && h(Locked),
        !isSame && h(Badge, { variant: field.will_write ? "primary" : "secondary" }, WINNERS[field.winner]),
      ),
      h("dd", null, isSame ? h(Value, { of: "Both", value: field.stash }) : h(Difference, { field })),
    );
  }

  /** @param {{field: FieldInBoth}} properties */
  function Difference({ field }) {
    return h(
      React.Fragment,
      null,
      h(Value, { of: "Stash", value: field.stash }),
      h(Value, { of: "Plex", value: field.plex }),
      field.pushed !== null && h(Value, { of: "Last pushed", value: field.pushed }),
      h("small", { className: "text-muted" }, h(display.Text, { text: field.words })),
    );
  }

  /** @type {Record<FieldInBoth["winner"], string>} */
  const WINNERS = { stash: "Stash wins", plex: "Plex stays", same: "The same", "left alone": "Left alone" };

  function Locked() {
    return h(
      "span",
      { title: "Locked in Plex" },
      h(display.Icon, { name: "faLock" }),
      h("span", { className: "sr-only" }, "locked in Plex"),
    );
  }

  /** @param {{of: string, value: FieldValue}} properties */
  function Value({ of: owner, value }) {
    const text = words.valueInWords(value);
    return h(
      "div",
      null,
      h("span", { className: "text-muted" }, `${owner}: `),
      text === "" ? h("em", { className: "text-muted" }, "empty") : h(display.Text, { text }),
    );
  }

  return { Tab };
});
