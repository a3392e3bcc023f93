// A control for each kind of setting, with its label, its description and what is wrong with what was typed.
Stash2Plex.define("settingControls", ({ stash: { React, h, Bootstrap }, words, display }) => {
  const { Button, Form } = Bootstrap;
  const NO_CHOICE = "All";
  const SET = "There is one. Type to replace it.";

  /** @type {Parts["settingControls"]["SettingField"]} */
  function SettingField({ setting, value, problem, warning, onChange }) {
    const id = `s2p-${setting.key}`;
    const isList = ["choices", "pairs"].includes(setting.kind);
    const control = h(CONTROLS[setting.kind] ?? TextControl, {
      id,
      setting,
      value,
      isInvalid: Boolean(problem),
      onChange,
    });
    return h(
      Form.Group,
      {
        className: "s2p-setting",
        ...(isList ? { role: "group", "aria-labelledby": `${id}-name` } : {}),
      },
      setting.kind !== "switch" &&
        h(
          isList ? "div" : Form.Label,
          { id: `${id}-name`, className: "s2p-name", ...(isList ? {} : { htmlFor: id }) },
          setting.name,
          setting.is_required && h("span", { className: "text-muted" }, " (required)"),
        ),
      control,
      h(
        "div",
        { id: `${id}-about`, className: "s2p-about" },
        h(
          "div",
          { "aria-live": "polite" },
          problem && h("div", { className: "text-danger" }, problem),
          warning && h("div", { className: "text-warning" }, warning),
        ),
        h("small", { className: "text-muted" }, descriptionOf(setting)),
      ),
    );
  }

  /** @param {Setting} setting */
  function descriptionOf({ kind, description, default_words: usual }) {
    const words = ["names", "choices", "pairs"].includes(kind) ? withoutNotation(description) : description;
    return [words, kind === "names" ? "One a line." : "", usual && `Default ${usual}.`].join(" ");
  }

  /**
   * Stash's own settings have the same description, and there a list is one text.
   * @param {string} description
   */
  const withoutNotation = (description) =>
    description
      .replace(/, (in pairs )?separated by (commas|semicolons)/, "")
      .replace(/ Put a name that contains a \w+ in "quotes"\./, "");

  /** What every control tells of itself to those who do not see it. @param {ControlProperties} properties */
  function told({ id, isInvalid }) {
    return {
      id,
      "aria-describedby": `${id}-about`,
      "aria-invalid": isInvalid,
      isInvalid,
      className: "text-input",
    };
  }

  /** @param {ControlProperties} properties */
  function TextControl(properties) {
    const { value, setting, onChange } = properties;
    return h(Form.Control, {
      ...told(properties),
      type: "text",
      value: words.valueInWords(/** @type {any} */ (value)),
      placeholder: setting.example,
      spellCheck: false,
      autoCapitalize: "off",
      onChange: display.onTyped((text) => onChange(text || null)),
    });
  }

  /** Never filled: what is stored stays on the server. @param {ControlProperties} properties */
  function SecretControl(properties) {
    const { value, setting, onChange } = properties;
    return h(Form.Control, {
      ...told(properties),
      type: "password",
      autoComplete: "new-password",
      value: typeof value === "string" ? value : "",
      placeholder: setting.is_set ? SET : "There is none yet.",
      onChange: display.onTyped((text) => onChange(text || undefined)),
    });
  }

  /** @param {ControlProperties} properties */
  function SwitchControl(properties) {
    const { setting, value, onChange } = properties;
    return h(Form.Check, {
      ...told(properties),
      className: "",
      type: "switch",
      label: setting.name,
      checked: value === true,
      onChange: display.onTicked(onChange),
    });
  }

  /** @param {ControlProperties} properties */
  function NumberControl(properties) {
    const { setting, value, onChange } = properties;
    return h(Form.Control, {
      ...told(properties),
      type: "number",
      min: setting.least ?? undefined,
      max: setting.most ?? undefined,
      value: words.valueInWords(/** @type {any} */ (value)),
      onChange: display.onTyped((text) => onChange(text === "" ? null : Number(text))),
    });
  }

  /** @param {ControlProperties} properties */
  function ChoiceControl(properties) {
    const { setting, value, onChange } = properties;
    const chosen = String(value ?? "");
    const choices = setting.choices.includes(chosen) ? setting.choices : [chosen, ...setting.choices];
    return h(
      Form.Control,
      {
        ...told(properties),
        as: "select",
        className: "input-control",
        value: chosen,
        onChange: display.onTyped(onChange),
      },
      choices.map((choice) => h("option", { key: choice, value: choice }, choice || NO_CHOICE)),
    );
  }

  /** @param {ControlProperties} properties */
  function ChoicesControl({ id, setting, value, onChange }) {
    const chosen = Array.isArray(value) ? /** @type {string[]} */ (value) : [];
    const change = (/** @type {string} */ name, /** @type {boolean} */ isOn) =>
      onChange(isOn ? [...chosen, name] : chosen.filter((one) => one !== name));
    return h(
      "div",
      { className: "s2p-choices" },
      setting.choices.map((name) =>
        h(Form.Check, {
          key: name,
          id: `${id}-${name}`,
          type: "checkbox",
          label: name,
          checked: chosen.includes(name),
          onChange: display.onTicked((isOn) => change(name, isOn)),
        }),
      ),
    );
  }

  /** Names, one a line: so none needs a mark around it. @param {ControlProperties} properties */
  function NamesControl(properties) {
    const { value, setting, onChange } = properties;
    const text = Array.isArray(value) ? value.join("\n") : String(value ?? "");
    // What is typed stays as it is typed; empty lines and blanks are left out of what is meant by it.
    const [typed, setTyped] = React.useState(text);
    const meant = namesIn(typed);
    React.useEffect(() => {
      if (meant.join("\n") !== text) setTyped(text);
      // Only what comes from outside replaces what is typed.
      // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [text]);
    return h(Form.Control, {
      ...told(properties),
      as: "textarea",
      rows: Math.min(8, Math.max(2, typed.split("\n").length)),
      placeholder: `${setting.example.split(", ").join("\n")}`,
      value: typed,
      onChange: display.onTyped((text) => {
        setTyped(text);
        onChange(namesIn(text));
      }),
    });
  }

  /** @param {string} text @returns {string[]} */
  const namesIn = (text) =>
    text
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");

  /** @param {ControlProperties} properties */
  function PairsControl({ id, setting, value, onChange }) {
    if (typeof value === "string") return h(TextControl, { id, setting, value, isInvalid: true, onChange });
    /** @type {[string, string]} */
    const sides =
      setting.key === "path_map" ? ["Folder in Stash", "Folder in Plex"] : ["Name in Stash", "Name in Plex"];
    return h(Pairs, { id, sides, pairs: /** @type {SettingPair[]} */ (value ?? []), onChange });
  }

  /** @type {Parts["settingControls"]["Pairs"]} */
  function Pairs({ id, sides, pairs, onChange }) {
    const changed = (/** @type {number} */ place, /** @type {number} */ side, /** @type {string} */ text) =>
      pairs.map((pair, number) => {
        if (number !== place) return pair;
        return /** @type {SettingPair} */ (side === 0 ? [text, pair[1]] : [pair[0], text]);
      });
    return h(
      "div",
      { className: "s2p-pairs" },
      pairs.length > 0 &&
        h(
          "div",
          { className: "s2p-pair s2p-sides", "aria-hidden": true },
          sides.map((side) => h("span", { key: side }, side)),
        ),
      pairs.map((pair, place) =>
        h(
          "div",
          { key: place, className: "s2p-pair" },
          pair.map((text, side) =>
            h(Form.Control, {
              key: side,
              id: `${id}-${place}-${side}`,
              className: "text-input",
              value: text,
              placeholder: sides[side],
              "aria-label": `${sides[side]}, pair ${place + 1}`,
              spellCheck: false,
              onChange: display.onTyped((text) => onChange(changed(place, side, text))),
            }),
          ),
          h(
            Button,
            {
              variant: "secondary",
              size: "sm",
              "aria-label": `Remove pair ${place + 1}`,
              title: "Remove this pair",
              onClick: () => onChange(pairs.filter((_pair, number) => number !== place)),
            },
            h(display.Icon, { name: "faTrash" }),
          ),
        ),
      ),
      h(
        Button,
        { variant: "secondary", size: "sm", onClick: () => onChange([...pairs, ["", ""]]) },
        "Add a pair",
      ),
    );
  }

  /** @type {Record<Setting["kind"], React.FunctionComponent<ControlProperties>>} */
  const CONTROLS = {
    text: TextControl,
    secret: SecretControl,
    switch: SwitchControl,
    number: NumberControl,
    choice: ChoiceControl,
    choices: ChoicesControl,
    names: NamesControl,
    pairs: PairsControl,
  };

  return { SettingField, Pairs };
});
