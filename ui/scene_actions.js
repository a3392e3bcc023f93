// What can be done with scenes, in the words in which the page says what came of it.
Stash2Plex.define("sceneActions", ({ words }) => {
  /** @type {Record<DrainState, string>} */
  const WHAT_FOLLOWS = {
    running: "Process Queue runs and writes what is queued.",
    requested: "Process Queue was asked for and writes what is queued.",
    "by hand": "Run Process Queue to write what is queued.",
    idle: "Run Process Queue to write what is queued.",
  };

  /** @type {Parts["sceneActions"]["SYNC_NOW"]["toWords"]} */
  function queuedInWords({ queued, drain }) {
    return `${words.countOf(queued, "scene")} queued. ${WHAT_FOLLOWS[drain] ?? ""}`.trim();
  }

  /** @param {string} what @param {string} done @returns {(result: {changed: number}) => string} */
  const changedInWords =
    (what, done) =>
    ({ changed }) =>
      `${words.countOf(changed, what)} ${done}.`;

  /** @type {Parts["sceneActions"]["SYNC_NOW"]} */
  const SYNC_NOW = { title: "Sync now", icon: "faRotate", operation: "sync_now", toWords: queuedInWords };

  /** @type {Parts["sceneActions"]["RETRY"]} */
  const RETRY = {
    title: "Retry",
    icon: "faArrowRotateLeft",
    operation: "retry",
    toWords: ({ queued }) => `${words.countOf(queued, "scene")} queued once more.`,
  };

  /** @type {Parts["sceneActions"]["ignore"]} */
  const ignore = (what) => ({
    title: "Ignore",
    icon: "faEyeSlash",
    operation: "ignore",
    parameters: { is_ignored: true },
    isFor: (row) => row.is_ignored !== true,
    toWords: changedInWords(what, "ignored from now on"),
  });

  /** @type {Parts["sceneActions"]["ignore"]} */
  const stopIgnoring = (what) => ({
    title: "Stop ignoring",
    icon: "faEye",
    operation: "ignore",
    parameters: { is_ignored: false },
    isFor: (row) => row.is_ignored === true,
    toWords: changedInWords(what, "no longer ignored"),
  });

  /** @type {Parts["sceneActions"]["remove"]} */
  const remove = (state) => ({
    title: "Remove from the queue",
    icon: "faTrash",
    operation: "clear",
    parameters: { state },
    question: (number) =>
      `Remove ${words.countOf(number, "scene")} from the queue? Nothing changes in Stash or Plex, and the next reconcile finds again what differs.`,
    toWords: ({ removed }) => `${words.countOf(removed, "scene")} removed from the queue.`,
  });

  return { SYNC_NOW, RETRY, ignore, stopIgnoring, remove };
});
