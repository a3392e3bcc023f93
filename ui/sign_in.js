// Signing in to Plex: its page opens in a new tab, the plugin waits for the token, and the account's servers
// are listed.
Stash2Plex.define("signIn", ({ stash: { React, h, Apollo, Bootstrap }, address, display, operations }) => {
  const { Button, Form } = Bootstrap;
  const NONE_ANSWERS =
    "Stash reaches none of these addresses. Enter one that it reaches by hand; the sign-in is used with it.";
  const MILLISECONDS_BETWEEN_QUESTIONS = 2000;
  // A person is in the middle of signing in: a network that fails now and then does not end it.
  const FAILURES_IN_A_ROW = 10;

  /** @type {Parts["signIn"]["SignIn"]} */
  function SignIn({ chosen, onChoose }) {
    const { begun, signedIn, problem, begin, stop } = useSignIn(onChoose);
    if (signedIn !== null) return h(Servers, { signedIn, chosen, onChoose, onAgain: begin });
    return h(
      React.Fragment,
      null,
      problem !== null && h(display.ProblemView, { problem }),
      begun === null
        ? h(Button, { onClick: begin }, "Sign in to Plex")
        : h(Waiting, { to: begun.address, onCancel: stop }),
    );
  }

  /** @param {{to: string, onCancel: () => void}} properties */
  function Waiting({ to, onCancel }) {
    const safe = address.outside(to);
    return h(
      "div",
      { className: "s2p-waiting", role: "status" },
      h("span", null, "Waiting for you to sign in, in the tab of Plex that has opened."),
      safe !== null && h(display.Outside, { to: safe }, "It did not open? Open it here."),
      h(Button, { size: "sm", variant: "secondary", onClick: onCancel }, "Cancel"),
    );
  }

  /**
   * @param {{signedIn: SignIn, chosen: string, onChoose: (address: string) => void, onAgain: () => void}} properties
   */
  function Servers({ signedIn, chosen, onChoose, onAgain }) {
    return h(
      React.Fragment,
      null,
      h(
        "p",
        { role: "status" },
        "Signed in",
        signedIn.account && [
          " as ",
          h("strong", { key: "account" }, h(display.Text, { text: signedIn.account })),
        ],
        signedIn.servers.length === 0
          ? ". This account has no server."
          : ". Choose the address of your server:",
      ),
      signedIn.servers.map((server) =>
        h(
          "fieldset",
          { key: server.name, className: "s2p-server" },
          h(
            "legend",
            null,
            h(display.Text, { text: server.name }),
            !server.is_owned &&
              h("span", { className: "text-warning" }, " (not yours: only its owner may write to it)"),
          ),
          server.addresses.map((one) =>
            h(Form.Check, {
              key: one.address,
              id: `s2p-address-${one.address}`,
              type: "radio",
              name: "s2p-address",
              label: `${one.address} – ${addressInWords(one)}`,
              disabled: !one.answers,
              checked: one.address === chosen,
              onChange: () => onChoose(one.address),
            }),
          ),
        ),
      ),
      signedIn.servers.length > 0 &&
        firstThatAnswers(signedIn.servers) === "" &&
        h("p", { className: "text-warning" }, NONE_ANSWERS),
      h(Button, { variant: "link", size: "sm", onClick: onAgain }, "Sign in again"),
    );
  }

  /** @param {AccountServer["addresses"][number]} one */
  function addressInWords({ is_local: isLocal, is_secure: isSecure, answers }) {
    const where = isLocal ? "in your network" : "over the internet";
    return `${where}${isSecure ? ", encrypted" : ""}${answers ? "" : ", does not answer Stash"}`;
  }

  /**
   * @param {(address: string) => void} onChoose Told the first address that answers, or nothing, once
   *   signed in.
   */
  function useSignIn(onChoose) {
    const client = Apollo.useApolloClient();
    const [begun, setBegun] = React.useState(/** @type {{address: string, sign_in: string} | null} */ (null));
    const [signedIn, setSignedIn] = React.useState(/** @type {SignIn | null} */ (null));
    const [problem, setProblem] = React.useState(/** @type {ProblemInWords | null} */ (null));

    const stop = React.useCallback((/** @type {ProblemInWords | null} */ why = null) => {
      setBegun(null);
      setProblem(why);
    }, []);
    const begin = React.useCallback(async () => {
      setSignedIn(null);
      setProblem(null);
      try {
        const started = await operations.call(client, "sign_in_begin", {});
        openTab(started.address);
        setBegun(started);
      } catch (thrown) {
        stop(/** @type {ProblemInWords} */ (thrown));
      }
    }, [client, stop]);

    React.useEffect(() => {
      if (begun === null || signedIn !== null) return undefined;
      let timer = 0;
      let isWaiting = true;
      let failures = 0;
      const ask = async () => {
        try {
          const answer = await operations.call(client, "sign_in_wait", { sign_in: begun.sign_in });
          if (!isWaiting) return;
          failures = 0;
          if (answer.is_expired) return stop(operations.inWords("The sign-in took too long. Begin again."));
          if (!answer.is_signed_in) {
            timer = window.setTimeout(ask, MILLISECONDS_BETWEEN_QUESTIONS);
            return;
          }
          setSignedIn(answer);
          onChoose(firstThatAnswers(answer.servers));
        } catch (thrown) {
          if (!isWaiting) return;
          failures += 1;
          if (failures >= FAILURES_IN_A_ROW) return stop(/** @type {ProblemInWords} */ (thrown));
          timer = window.setTimeout(ask, MILLISECONDS_BETWEEN_QUESTIONS);
        }
      };
      timer = window.setTimeout(ask, MILLISECONDS_BETWEEN_QUESTIONS);
      return () => {
        isWaiting = false;
        window.clearTimeout(timer);
      };
    }, [client, begun, signedIn, stop, onChoose]);

    return { begun, signedIn, problem, begin, stop: () => stop() };
  }

  /** A browser that blocks it shows nothing: there is a link to the same beside. @param {string} to */
  function openTab(to) {
    const safe = address.outside(to);
    const tab = safe === null ? null : window.open(safe, "_blank");
    if (tab) tab.opener = null;
  }

  /**
   * @param {AccountServer[]} servers
   * @returns {string} One of an own server, if there is one; empty where none answers.
   */
  function firstThatAnswers(servers) {
    const owned = servers.filter((server) => server.is_owned);
    const addresses = (owned.length > 0 ? owned : servers).flatMap((server) => server.addresses);
    return addresses.find((one) => one.answers)?.address ?? "";
  }

  return { SignIn };
});
