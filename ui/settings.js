// The tab Settings: all of them in groups, checked as they are typed by the code that the tasks use.
Stash2Plex.define("settings", (parts) => {
  const { React, h, Apollo, Bootstrap, Router } = parts.stash;
  const { words, address, display, operations, listState, settingControls } = parts;
  const { Button, Card } = Bootstrap;
  const NOTHING_WRONG = { problems: {}, warnings: {} };

  /** @type {Parts["settings"]["Tab"]} */
  function Tab() {
    const answered = operations.useAnswer("settings", {});
    return h(display.Answered, { of: answered, what: "the settings" }, (/** @type {Settings} */ found) =>
      h(Groups, { groups: found.groups }),
    );
  }

  /** @param {{groups: Settings["groups"]}} properties */
  function Groups({ groups }) {
    const [changes, setChanges] = React.useState(/** @type {SettingValues} */ ({}));
    const { problems, warnings } = useChecks(changes);
    const change = (/** @type {Setting} */ setting, /** @type {SettingValue | undefined} */ value) =>
      setChanges((before) => withChange(before, setting, value));
    // What was saved stays in the controls until it comes back from Stash.
    const isSaved = React.useRef(false);
    React.useEffect(() => {
      if (isSaved.current) setChanges({});
      isSaved.current = false;
    }, [groups]);
    useWanted();
    return h(
      "form",
      {
        className: "s2p-settings",
        onSubmit: (/** @type {React.FormEvent} */ event) => event.preventDefault(),
      },
      groups.map((group) =>
        h(
          Card,
          { key: group.title, as: "section", "aria-label": group.title },
          h(Card.Header, { as: "h2" }, group.title),
          h(
            Card.Body,
            null,
            group.settings.map((setting) =>
              h(settingControls.SettingField, {
                key: setting.key,
                setting,
                value: setting.key in changes ? (changes[setting.key] ?? null) : setting.value,
                problem: problemOf(setting, changes, problems),
                warning: warnings[setting.key],
                onChange: (value) => change(setting, value),
              }),
            ),
          ),
        ),
      ),
      h(SaveBar, {
        changes,
        problems,
        onSaved: () => {
          isSaved.current = true;
        },
        onUndo: () => setChanges({}),
      }),
    );
  }

  /** @param {SettingValues} changes @param {Setting} setting @param {SettingValue | undefined} value */
  function withChange(changes, setting, value) {
    const others = { ...changes };
    delete others[setting.key];
    const isAsStored = value === undefined || JSON.stringify(value) === JSON.stringify(setting.value);
    return isAsStored && setting.problem === null ? others : { ...others, [setting.key]: value ?? null };
  }

  /** @param {Setting} setting @param {SettingValues} changes @param {Record<string, string>} problems */
  function problemOf(setting, changes, problems) {
    return setting.key in changes ? problems[setting.key] : (setting.problem ?? undefined);
  }

  /** What is wrong with what was typed, some time after the last key. @param {SettingValues} changes */
  function useChecks(changes) {
    const client = Apollo.useApolloClient();
    const typed = listState.useDebounced(JSON.stringify(changes), 400);
    const [checked, setChecked] = React.useState(
      /** @type {Operations["check_settings"]["result"]} */ (NOTHING_WRONG),
    );
    React.useEffect(() => {
      const settings = JSON.parse(typed);
      if (Object.keys(settings).length === 0) {
        setChecked(NOTHING_WRONG);
        return undefined;
      }
      let isLast = true;
      operations.call(client, "check_settings", { settings }).then(
        (answer) => isLast && setChecked(answer),
        // Saving checks once more, and says then why it cannot.
        () => isLast && setChecked(NOTHING_WRONG),
      );
      return () => {
        isLast = false;
      };
    }, [client, typed]);
    return checked;
  }

  /** Lead to the setting that the address names. */
  function useWanted() {
    const { get } = address.useAddress();
    const wanted = get("key");
    React.useEffect(() => {
      if (wanted === "") return;
      const control =
        document.getElementById(`s2p-${wanted}`) ?? document.getElementById(`s2p-${wanted}-name`);
      control?.scrollIntoView({ block: "center" });
      control?.focus();
    }, [wanted]);
  }

  /**
   * @param {{changes: SettingValues, problems: Record<string, string>, onSaved: () => void, onUndo: () => void}} properties
   */
  function SaveBar({ changes, problems, onSaved, onUndo }) {
    const { save, isBusy } = useSave();
    const number = Object.keys(changes).length;
    const wrong = Object.keys(problems).length;
    if (number === 0) return null;
    return h(
      "div",
      { className: "s2p-save-bar", role: "group", "aria-label": "Changes" },
      h(Router.Prompt, {
        when: true,
        // Only another tab or page leaves what was typed behind.
        message: (/** @type {Location} */ { pathname, search }) =>
          (pathname === address.PAGE && new URLSearchParams(search).get("tab") === "settings") ||
          "Leave without saving the changed settings?",
      }),
      h(
        "span",
        null,
        `${words.countOf(number, "change")} not saved.`,
        wrong > 0 && ` ${words.count(wrong)} cannot be used.`,
      ),
      h(
        Button,
        {
          disabled: isBusy || wrong > 0,
          onClick: async () => (await save({ settings: changes, use_sign_in: false })) && onSaved(),
        },
        isBusy ? "Saving…" : "Save",
      ),
      h(Button, { variant: "secondary", onClick: onUndo }, "Undo"),
    );
  }

  /** @type {Parts["settings"]["useSave"]} */
  function useSave() {
    const { act, isBusy } = operations.useAct();
    const save = React.useCallback(
      async (/** @type {{settings: SettingValues, use_sign_in: boolean}} */ parameters) => {
        const saved = await act("save_settings", parameters, ({ is_saved: isSaved, problems }) =>
          isSaved ? "Saved." : operations.inWords(`Not saved: ${Object.values(problems).join(" ")}`),
        );
        return saved?.is_saved ?? false;
      },
      [act],
    );
    return { save, isBusy };
  }

  return { Tab, useSave };
});
