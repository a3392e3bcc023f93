// The tab Set up: from nothing to settings that work, in three steps. Nothing is saved before Save.
Stash2Plex.define("setUp", (parts) => {
  const { React, h, Bootstrap } = parts.stash;
  const { words, display, operations, status, nextStep, plexServer, setUpTest, folders, settings } = parts;
  const { Button, Card, Form } = Bootstrap;

  /** @type {Parts["setUp"]["Tab"]} */
  function Tab() {
    const answered = operations.useAnswer("settings", {});
    return h(display.Answered, { of: answered, what: "the settings" }, (/** @type {Settings} */ { groups }) =>
      h(Steps, { stored: new Map(groups.flatMap((group) => group.settings).map((one) => [one.key, one])) }),
    );
  }

  /** @param {{stored: Map<string, Setting>}} properties */
  function Steps({ stored }) {
    const storedAddress = String(stored.get("plex_url")?.value ?? "");
    const [connection, setConnection] = React.useState(
      /** @type {Connection} */ ({
        way: storedAddress === "" ? "sign_in" : "by_hand",
        address: storedAddress,
        token: "",
        isSignedIn: false,
      }),
    );
    const { state, test, keepFor } = setUpTest.useTest();
    const notYetSaved = plexServer.asNotYetSaved(connection);
    const isOfTest = state.tested.some((one) => JSON.stringify(one) === JSON.stringify(notYetSaved));
    const canGoOn = isOfTest && state.findings !== null && !state.findings.some(isInTheWay);
    const change = React.useCallback(
      (/** @type {Partial<Connection>} */ changed) => setConnection((before) => ({ ...before, ...changed })),
      [],
    );
    const choose = React.useCallback(
      (/** @type {string} */ address) => {
        if (address === "") return change({ isSignedIn: true });
        change({ address, isSignedIn: true });
        test(plexServer.asNotYetSaved({ way: "sign_in", address, token: "", isSignedIn: true }));
      },
      [change, test],
    );
    const onSaved = () => {
      // The plugin has let go of the token of the sign-in: it is a setting now.
      const saved = { ...connection, token: "", isSignedIn: false };
      keepFor(plexServer.asNotYetSaved(saved));
      setConnection(saved);
    };
    return h(
      "div",
      { className: "s2p-set-up" },
      h(
        Step,
        { title: "1. Plex server" },
        h(plexServer.PlexServer, { connection, stored, onChange: change, onChoose: choose }),
        (connection.way === "by_hand" || connection.address !== "") &&
          h(TestOfServer, { state: isOfTest ? state : setUpTest.NOT_TESTED, notYetSaved, onTest: test }),
      ),
      canGoOn && h(LibrariesAndFolders, { notYetSaved, onSaved }),
    );
  }

  /** What is wrong with libraries and folders is put right in the next steps. @param {Finding} finding */
  const isInTheWay = ({ level, setting }) =>
    level === "error" && !["plex_library", "path_map"].includes(setting ?? "");

  /** @param {{title: string, children?: React.ReactNode}} properties */
  function Step({ title, children }) {
    return h(
      Card,
      { as: "section", "aria-label": title },
      h(Card.Header, { as: "h2" }, title),
      h(Card.Body, null, children),
    );
  }

  /**
   * @param {{state: TestState, notYetSaved: NotYetSaved,
   *   onTest: (notYetSaved: NotYetSaved) => void}} properties What was found, unless something else was tested.
   */
  function TestOfServer({ state, notYetSaved, onTest }) {
    const { isTesting, problem, findings } = state;
    return h(
      React.Fragment,
      null,
      h(
        "div",
        { className: "s2p-buttons" },
        h(
          Button,
          {
            variant: findings ? "secondary" : "primary",
            disabled: isTesting || notYetSaved.settings?.plex_url === "",
            onClick: () => onTest(notYetSaved),
          },
          isTesting ? "Testing…" : "Test",
        ),
      ),
      problem && h(display.ProblemView, { problem }),
      findings && h(setUpTest.Findings, { findings }),
    );
  }

  /** @param {{notYetSaved: NotYetSaved, onSaved: () => void}} properties */
  function LibrariesAndFolders({ notYetSaved, onSaved }) {
    const [chosen, setChosen] = React.useState(/** @type {string[] | null} */ (null));
    const [pairs, setPairs] = React.useState(/** @type {SettingPair[] | null} */ (null));
    const withLibraries =
      chosen === null
        ? notYetSaved
        : { ...notYetSaved, settings: { ...notYetSaved.settings, plex_library: chosen } };
    const changes = { ...withLibraries.settings, ...(pairs === null ? {} : { path_map: pairs }) };
    return h(
      React.Fragment,
      null,
      h(Step, { title: "2. Libraries" }, h(Libraries, { notYetSaved, chosen, onChange: setChosen })),
      h(
        Step,
        { title: "3. Folders" },
        h("p", null, "Pairs are needed only where Plex sees the same files under other paths than Stash."),
        h(folders.Folders, { notYetSaved: withLibraries, pairs, onChange: setPairs }),
      ),
      h(Finish, { changes, useSignIn: notYetSaved.use_sign_in ?? false, onSaved }),
    );
  }

  /**
   * @param {{notYetSaved: NotYetSaved, chosen: string[] | null, onChange: (names: string[]) => void}} properties
   */
  function Libraries({ notYetSaved, chosen, onChange }) {
    const answered = operations.useAnswer("libraries", notYetSaved, { isLasting: true });
    return h(
      display.Answered,
      { of: answered, what: "the libraries" },
      (/** @type {{libraries: Library[]}} */ { libraries }) => {
        const usable = libraries.filter((library) => library.is_for_movies);
        const ticked = chosen ?? usable.filter((one) => one.is_chosen).map((one) => one.title);
        const without = (/** @type {string} */ title) => ticked.filter((one) => one !== title);
        return h(
          "fieldset",
          { className: "s2p-choices" },
          h("legend", null, "Write to these libraries; with none ticked, to all of them:"),
          usable.length === 0 && h(display.Empty, null, "Plex has no movie library."),
          usable.map(({ key, title, items }) =>
            h(Form.Check, {
              key,
              id: `s2p-library-${key}`,
              type: "checkbox",
              label: `${title} (${words.countOf(items, "item")})`,
              checked: ticked.includes(title),
              onChange: display.onTicked((isOn) => onChange(isOn ? [...ticked, title] : without(title))),
            }),
          ),
        );
      },
    );
  }

  /** @param {{changes: SettingValues, useSignIn: boolean, onSaved: () => void}} properties */
  function Finish({ changes, useSignIn, onSaved }) {
    const { save, isBusy } = settings.useSave();
    const known = React.useContext(status.Context);
    const [isSaved, setIsSaved] = React.useState(false);
    const asText = JSON.stringify({ ...changes, plex_token: undefined });
    React.useEffect(() => setIsSaved(false), [asText]);
    const saveAll = async () => {
      if (!(await save({ settings: changes, use_sign_in: useSignIn }))) return;
      setIsSaved(true);
      onSaved();
    };
    return h(
      "div",
      { className: "s2p-finish" },
      h(
        Button,
        { disabled: isBusy || isSaved, onClick: saveAll },
        isBusy ? "Saving…" : isSaved ? "Saved" : "Save",
      ),
      isSaved && known.answer !== null && h(nextStep.NextStep, { step: known.answer.next_step }),
    );
  }

  return { Tab };
});
