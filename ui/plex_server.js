// The first step of the set-up: which Plex server, by signing in or by its address and token.
Stash2Plex.define("plexServer", ({ stash: { React, h, Bootstrap }, display, signIn }) => {
  const { Button, ButtonGroup, Form } = Bootstrap;
  const TOKEN = {
    isSet: "There is one. Type to replace it.",
    isOfSignIn: "That of the sign-in. Type to use another.",
  };

  /** @type {[Connection["way"], string][]} */
  const WAYS = [
    ["sign_in", "By signing in"],
    ["by_hand", "By address and token"],
  ];

  /** @type {Parts["plexServer"]["asNotYetSaved"]} */
  function asNotYetSaved({ way, address, token, isSignedIn }) {
    /** @type {SettingValues} */
    const typed = way === "by_hand" && token !== "" ? { plex_token: token } : {};
    return { settings: { plex_url: address, ...typed }, use_sign_in: isSignedIn && !("plex_token" in typed) };
  }

  /** @type {Parts["plexServer"]["PlexServer"]} */
  function PlexServer({ connection, stored, onChange, onChoose }) {
    return h(
      React.Fragment,
      null,
      h("div", null, h(Ways, { connection, onChange })),
      connection.way === "sign_in"
        ? h(signIn.SignIn, { chosen: connection.address, onChoose })
        : h(ByHand, { connection, stored, onChange }),
    );
  }

  /** @param {{connection: Connection, onChange: (change: Partial<Connection>) => void}} properties */
  function Ways({ connection, onChange }) {
    return h(
      ButtonGroup,
      { size: "sm", className: "s2p-filter", "aria-label": "How to connect" },
      WAYS.map(([way, title]) =>
        h(
          Button,
          {
            key: way,
            variant: "secondary",
            active: way === connection.way,
            "aria-pressed": way === connection.way,
            onClick: () => onChange({ way }),
          },
          title,
        ),
      ),
    );
  }

  /**
   * @param {{connection: Connection, stored: Map<string, Setting>,
   *   onChange: (change: Partial<Connection>) => void}} properties
   */
  function ByHand({ connection, stored, onChange }) {
    return h(
      React.Fragment,
      null,
      h(Field, {
        setting: stored.get("plex_url"),
        placeholder: stored.get("plex_url")?.example,
        value: connection.address,
        onChange: (address) => onChange({ address }),
      }),
      h(Field, {
        setting: stored.get("plex_token"),
        placeholder: tokenInWords(connection, stored),
        value: connection.token,
        onChange: (token) => onChange({ token }),
      }),
    );
  }

  /**
   * Which one is used if none is typed.
   * @param {Connection} connection
   * @param {Map<string, Setting>} stored
   */
  function tokenInWords({ isSignedIn }, stored) {
    if (isSignedIn) return TOKEN.isOfSignIn;
    return stored.get("plex_token")?.is_set ? TOKEN.isSet : "";
  }

  /**
   * @param {{setting: Setting | undefined, placeholder: string | undefined, value: string,
   *   onChange: (text: string) => void}} properties
   */
  function Field({ setting, placeholder, value, onChange }) {
    if (setting === undefined) return null;
    const id = `s2p-${setting.key}`;
    const isSecret = setting.kind === "secret";
    return h(
      Form.Group,
      { controlId: id },
      h(Form.Label, null, setting.name),
      h(Form.Control, {
        className: "text-input",
        type: isSecret ? "password" : "text",
        autoComplete: isSecret ? "new-password" : "off",
        spellCheck: false,
        value,
        placeholder,
        "aria-describedby": `${id}-about`,
        onChange: display.onTyped(onChange),
      }),
      h("small", { id: `${id}-about`, className: "text-muted" }, setting.description),
    );
  }

  return { PlexServer, asNotYetSaved };
});
