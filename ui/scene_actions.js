// What can be done with scenes, in the words in which the page says what came of it.
Stash2Plex.define("sceneActions", ({ words }) => {
  /** @type {ListAction<"sync_now">["toWords"]} */
  const queuedInWords = ({ queued, drain_words: whatFollows }) =>
    `${words.countOf(queued, "scene")} queued. ${whatFollows}`;

  /** @param {string} what @param {string} done @returns {(result: {changed: number}) => string} */
  const changedInWords =
    (what, done) =>
    ({ changed }) =>
      `${words.countOf(changed, what)} ${done}.`;

  /** A renamed tag in the queue is none. @param {{scene_id?: number | null}} row */
  const isOfScene = (row) => row.scene_id !== null;

  /** @type {Parts["sceneActions"]["SYNC_NOW"]} */
  const SYNC_NOW = {
    title: "Sync now",
    icon: "faRotate",
    operation: "sync_now",
    isFor: isOfScene,
    toWords: queuedInWords,
  };

  /** @type {Parts["sceneActions"]["RETRY"]} */
  const RETRY = {
    title: "Retry",
    isFor: (row) => row.state === undefined || row.state === "failed",
    icon: "faArrowRotateLeft",
    operation: "retry",
    toWords: queuedInWords,
  };

  /** @type {Parts["sceneActions"]["ignore"]} */
  const ignore = (what) => ({
    title: "Ignore",
    icon: "faEyeSlash",
    operation: "ignore",
    parameters: { is_ignored: true },
    isFor: isOfScene,
    toWords: changedInWords(what, "ignored from now on"),
  });

  /** @type {Parts["sceneActions"]["ignore"]} */
  const stopIgnoring = (what) => ({
    title: "Stop ignoring",
    icon: "faEye",
    operation: "ignore",
    parameters: { is_ignored: false },
    toWords: changedInWords(what, "no longer ignored"),
  });

  /** @type {Parts["sceneActions"]["remove"]} */
  const remove = (state) => ({
    title: "Remove from the queue",
    icon: "faTrash",
    operation: "clear",
    parameters: { state },
    question: (number) =>
      `Remove ${words.countOf(number, "scene")} from the queue? Nothing changes in Stash or Plex, and the next ` +
      "reconcile finds again what differs.",
    toWords: ({ removed }) => `${words.countOf(removed, "scene")} removed from the queue.`,
  });

  return { SYNC_NOW, RETRY, ignore, stopIgnoring, remove };
});
