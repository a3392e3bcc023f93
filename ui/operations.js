// Asking the plugin: each operation of docs/operations.md by its name, and its answer or its problem in
// words.
Stash2Plex.define("operations", ({ stash: { React, Apollo }, results }) => {
  const PLUGIN = "Stash2Plex";
  const VERSION = 1;
  const RELOAD = "Reload this page: the plugin was updated.";
  const ASK = Apollo.gql`
    mutation Stash2PlexOperation($plugin: ID!, $args: Map) {
      runPluginOperation(plugin_id: $plugin, args: $args)
    }
  `;

  /** @type {Parts["operations"]["inWords"]} */
  const inWords = (text) => ({ text, setting: null, scene_id: null });

  /** @type {Parts["operations"]["problemOf"]} */
  function problemOf(thrown) {
    const { networkError, graphQLErrors, message } = /** @type {import("@apollo/client").ApolloError} */ (
      thrown
    );
    if (networkError) {
      const isRefused = "statusCode" in networkError && networkError.statusCode === 401;
      return inWords(
        isRefused
          ? "Stash wants you to log in again: reload this page."
          : "Stash does not answer. Is it running, and is this device connected to it?",
      );
    }
    const text = graphQLErrors?.[0]?.message ?? message ?? String(thrown);
    return inWords(
      /is disabled/.test(text) ? "The plugin is switched off: enable it in Settings > Plugins." : text,
    );
  }

  /** @param {any} output What the plugin wrote, as Stash hands it on; throws a ProblemInWords. */
  function resultOf(output) {
    if (output === null || typeof output !== "object")
      throw inWords("The plugin did not answer as it should. Settings > Logs of Stash may say why.");
    if (output.version !== VERSION) throw inWords(output.problem?.text ?? RELOAD);
    if (output.problem) throw output.problem;
    return output.result;
  }

  /** @type {Parts["operations"]["call"]} */
  async function call(client, name, parameters) {
    const args = { ...parameters, mode: "operation", operation: name, version: VERSION };
    let answer;
    try {
      answer = await client.mutate({
        mutation: ASK,
        variables: { plugin: PLUGIN, args },
        fetchPolicy: "no-cache",
      });
    } catch (thrown) {
      throw problemOf(thrown);
    }
    return resultOf(answer.data?.runPluginOperation);
  }

  /** @type {Parts["operations"]["useAnswer"]} */
  function useAnswer(name, parameters, { isWanted = true, isLasting = false } = {}) {
    const client = Apollo.useApolloClient();
    const { generation } = React.useContext(results.Context);
    const change = isLasting ? 0 : generation;
    const [turn, setTurn] = React.useState(0);
    const [state, setState] = React.useState(
      /** @type {any} */ ({ answer: null, problem: null, isLoading: isWanted }),
    );
    const reload = React.useCallback(() => setTurn((number) => number + 1), []);
    const asked = JSON.stringify(parameters);
    React.useEffect(() => {
      if (!isWanted) return undefined;
      let isLast = true;
      const settle = (/** @type {object} */ settled) => isLast && setState({ ...settled, isLoading: false });
      setState((/** @type {object} */ before) => ({ ...before, isLoading: true }));
      call(client, name, JSON.parse(asked)).then(
        (answer) => settle({ answer, problem: null }),
        (problem) => settle({ answer: null, problem }),
      );
      return () => {
        isLast = false;
      };
    }, [client, name, asked, isWanted, change, turn]);
    return { ...state, reload };
  }

  /** @type {Parts["operations"]["useAct"]} */
  function useAct() {
    const client = Apollo.useApolloClient();
    const { refresh, tell } = React.useContext(results.Context);
    const [isBusy, setIsBusy] = React.useState(false);
    const isThere = useIsThere();
    /** @type {ReturnType<Parts["operations"]["useAct"]>["act"]} */
    const act = React.useCallback(
      async (name, parameters, toWords) => {
        setIsBusy(true);
        try {
          const result = await call(client, name, parameters);
          const words = toWords(result);
          tell(typeof words === "string" ? { text: words } : { text: "", problem: words });
          refresh();
          return result;
        } catch (problem) {
          tell({ text: "", problem: /** @type {ProblemInWords} */ (problem) });
          return null;
        } finally {
          if (isThere.current) setIsBusy(false);
        }
      },
      [client, refresh, tell, isThere],
    );
    return { act, isBusy };
  }

  /** Whether the component is still shown: what was asked for may be answered later. */
  function useIsThere() {
    const isThere = React.useRef(true);
    React.useEffect(() => {
      isThere.current = true;
      return () => {
        isThere.current = false;
      };
    }, []);
    return isThere;
  }

  return { PLUGIN, call, inWords, problemOf, useAnswer, useAct };
});
