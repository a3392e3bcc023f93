// How single things are shown: an icon, a text, a time, a cover, a link, and the states of what is asked for.
Stash2Plex.define("display", ({ stash: { React, h, Bootstrap, Router, icons }, words, address }) => {
  const { Alert, Button, Spinner } = Bootstrap;
  const LONGEST_TEXT = 240;

  /** @type {Parts["display"]["Icon"]} */
  function Icon({ name }) {
    // A Stash of another year may have other icons.
    if (icons[name] === undefined) return null;
    const [width, height, , , path] = icons[name].icon;
    return h(
      "svg",
      { className: "s2p-icon", viewBox: `0 0 ${width} ${height}`, "aria-hidden": true, focusable: false },
      h("path", { fill: "currentColor", d: Array.isArray(path) ? path[0] : path }),
    );
  }

  /** @type {Parts["display"]["Text"]} */
  function Text({ text: given, limit = LONGEST_TEXT }) {
    const [isWhole, setIsWhole] = React.useState(false);
    const text = given ?? "";
    if (text.length <= limit) return h("bdi", { className: "s2p-text" }, text);
    return h(
      React.Fragment,
      null,
      h("bdi", { className: "s2p-text" }, isWhole ? text : words.shortened(text, limit)),
      " ",
      h(
        "button",
        { type: "button", className: "btn btn-link btn-sm s2p-more", onClick: () => setIsWhole(!isWhole) },
        isWhole ? "Show less" : "Show all",
      ),
    );
  }

  /** @type {Parts["display"]["Time"]} */
  function Time({ at, never = "never" }) {
    const [now, setNow] = React.useState(() => Date.now() / 1000);
    React.useEffect(() => {
      const timer = window.setInterval(() => setNow(Date.now() / 1000), 30000);
      return () => window.clearInterval(timer);
    }, []);
    if (at === null) return h("span", null, never);
    const exact = words.exact(at);
    const stamp = new Date(at * 1000).toISOString();
    // What happened after the last look at the clock did not happen in the future.
    const seen = Math.abs(at - now) < 60 ? Date.now() / 1000 : now;
    return h("time", { dateTime: stamp, title: exact }, words.relative(at, seen));
  }

  /** @type {Parts["display"]["Cover"]} */
  function Cover({ path }) {
    const [isBroken, setIsBroken] = React.useState(false);
    if (!path || isBroken) return h("span", { className: "s2p-cover" });
    return h("img", {
      className: "s2p-cover",
      src: address.ofFile(path),
      alt: "",
      loading: "lazy",
      onError: () => setIsBroken(true),
    });
  }

  /** @type {Parts["display"]["Outside"]} */
  function Outside({ to, className, title, children }) {
    return h(
      "a",
      { href: to, target: "_blank", rel: "noopener noreferrer", className, title, "aria-label": title },
      children,
    );
  }

  /**
   * Bootstrap's own has its name beside the bar, where no screen reader finds it.
   * @type {Parts["display"]["Progress"]}
   */
  function Progress({ label, part, isMoving = false }) {
    const percent = part === null ? null : Math.round(part * 100);
    return h(
      "div",
      { className: "progress" },
      h(
        "div",
        {
          className: `progress-bar${isMoving ? " progress-bar-striped progress-bar-animated" : ""}`,
          role: "progressbar",
          style: { width: `${percent ?? 100}%` },
          "aria-label": label,
          "aria-valuemin": 0,
          "aria-valuemax": 100,
          "aria-valuenow": percent ?? undefined,
        },
        isMoving && percent !== null && `${percent}%`,
      ),
    );
  }

  /** @type {Parts["display"]["Loading"]} */
  function Loading({ what }) {
    return h(
      "div",
      { className: "s2p-state", role: "status" },
      h(Spinner, { animation: "border", size: "sm", "aria-hidden": true }),
      h("span", null, `Loading ${what}…`),
    );
  }

  /** @type {Parts["display"]["Empty"]} */
  function Empty({ children }) {
    return h("div", { className: "s2p-state" }, children);
  }

  /** @type {Parts["display"]["TaskButton"]} */
  const TaskButton = React.createContext(/** @type {View<{task: string}> | null} */ (null));

  /** @type {Parts["display"]["Cures"]} */
  function Cures({ problem }) {
    const { setting, scene_id: scene, task } = problem;
    return h(
      React.Fragment,
      null,
      setting !== null &&
        h(
          Router.Link,
          { className: "btn btn-sm btn-secondary", to: address.ofTab("settings", { key: setting }) },
          "Open the setting",
        ),
      scene !== null &&
        h(Router.Link, { className: "btn btn-sm btn-secondary", to: `/scenes/${scene}` }, "Open the scene"),
      task && h(TaskThatCures, { task }),
    );
  }

  /** @param {{task: string}} properties On a scene's page no task is started: it would not be followed. */
  function TaskThatCures({ task }) {
    const Run = React.useContext(TaskButton);
    if (Run !== null) return h(Run, { task });
    return h(
      Router.Link,
      { className: "btn btn-sm btn-secondary", to: address.ofTab("overview") },
      "Open Stash2Plex",
    );
  }

  /** @type {Parts["display"]["ProblemView"]} */
  function ProblemView({ problem, onRetry, children }) {
    return h(
      Alert,
      { variant: "danger", className: "s2p-alert" },
      h("div", null, h(Text, { text: problem.text, limit: 1000 })),
      h(
        "div",
        { className: "s2p-buttons" },
        onRetry && h(Button, { size: "sm", variant: "secondary", onClick: onRetry }, "Try again"),
        h(Cures, { problem }),
        children,
      ),
    );
  }

  /** @type {Parts["display"]["Answered"]} */
  function Answered({ of, what, children }) {
    if (of.problem !== null) return h(ProblemView, { problem: of.problem, onRetry: of.reload });
    if (of.answer === null) return h(Loading, { what });
    return h("div", { className: "s2p-answer", "aria-busy": of.isLoading }, children(of.answer));
  }

  /** @type {Parts["display"]["onTyped"]} */
  const onTyped = (tell) => (event) => tell(event.target.value);

  /** @type {Parts["display"]["onTicked"]} */
  const onTicked = (tell) => (event) => tell(event.target.checked);

  return {
    Icon,
    Text,
    Time,
    Cover,
    Outside,
    Progress,
    Loading,
    Empty,
    TaskButton,
    Cures,
    ProblemView,
    Answered,
    onTyped,
    onTicked,
  };
});
