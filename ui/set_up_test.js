// Check Setup with what is not saved yet, and what it found.
Stash2Plex.define("setUpTest", ({ stash: { React, h, Apollo }, display, operations }) => {
  /** @type {TestState} */
  const NOT_TESTED = { tested: [], findings: null, problem: null, isTesting: false };

  /** @type {Parts["setUpTest"]["useTest"]} */
  function useTest() {
    const client = Apollo.useApolloClient();
    const [state, setState] = React.useState(NOT_TESTED);
    const last = React.useRef(0);
    const test = React.useCallback(
      async (/** @type {NotYetSaved} */ tested) => {
        last.current += 1;
        const number = last.current;
        setState({ ...NOT_TESTED, tested: [tested], isTesting: true });
        try {
          const { findings } = await operations.call(client, "check_setup", tested);
          if (number === last.current) setState({ ...NOT_TESTED, tested: [tested], findings });
        } catch (thrown) {
          const problem = /** @type {ProblemInWords} */ (thrown);
          if (number === last.current) setState({ ...NOT_TESTED, tested: [tested], problem });
        }
      },
      [client],
    );
    const keepFor = React.useCallback(
      (/** @type {NotYetSaved} */ saved) =>
        setState((before) => ({ ...before, tested: [...before.tested, saved] })),
      [],
    );
    return { state, test, keepFor };
  }

  /** @type {Parts["setUpTest"]["Findings"]} */
  function Findings({ findings }) {
    return h(
      "ul",
      { className: "s2p-findings", "aria-label": "Findings", "aria-live": "polite" },
      findings.map(({ level, text }, place) =>
        h(
          "li",
          { key: place, className: `s2p-${level}` },
          h(display.Icon, { name: level === "info" ? "faCheck" : "faTriangleExclamation" }),
          level !== "info" && h("span", { className: "sr-only" }, `${level}: `),
          h(display.Text, { text, limit: 600 }),
        ),
      ),
    );
  }

  return { NOT_TESTED, useTest, Findings };
});
