// Stash's list of jobs as the page knows it: from its own look at the list, and from what Stash tells
// meanwhile.
Stash2Plex.define("jobList", () => {
  const PREFIX = "Running plugin task: ";
  const PLUGIN_LINE = "[Plugin / Stash2Plex] ";
  const TASK_FAILED = "Plugin returned error: ";
  const MOST_LINES = 12;
  /** @type {Parts["jobList"]["MAIN_TASKS"]} */
  const MAIN_TASKS = [
    "Check Setup",
    "Reconcile Library (All)",
    "Reconcile Library (Recent)",
    "Process Queue",
    "Preview Sync (Dry Run)",
    "Find Orphans",
  ];
  /** @type {Parts["jobList"]["BACK_TASKS"]} */
  const BACK_TASKS = ["Bring Back From Plex"];
  const TASKS = [
    ...MAIN_TASKS,
    ...BACK_TASKS,
    "Queue Status",
    "Retry Failed",
    "Clear Queue",
    "Undo First Sync",
  ];

  /** @param {StashJob} job @returns {string | null} The task of this plugin that the job is. */
  function taskOf(job) {
    const name = job.description.startsWith(PREFIX) ? job.description.slice(PREFIX.length) : "";
    return TASKS.includes(name) ? name : null;
  }

  /** @type {Parts["jobList"]["EMPTY"]} */
  const EMPTY = { ours: [], others: [], ended: [] };

  /** @type {Parts["jobList"]["next"]} */
  function next(list, event) {
    if (event.kind === "looked") return afterLooking(list, event.jobs, event.asked);
    if (event.kind === "settled") return { ...list, ended: list.ended.filter((job) => job.id !== event.id) };
    if (event.kind === "started") return afterNews(list, event.job, event.asked, true);
    return event.type === "REMOVE" ? afterEnd(list, event.job) : afterNews(list, event.job, event.asked);
  }

  /** What was started after Stash had been asked for its list is not in that list. */
  function afterLooking(
    /** @type {JobList} */ list,
    /** @type {StashJob[]} */ jobs,
    /** @type {number} */ asked,
  ) {
    const known = new Map(list.ours.map((job) => [job.id, job]));
    const there = new Set(jobs.map((job) => job.id));
    const isEnded = (/** @type {OurJob} */ job) => !there.has(job.id) && job.since < asked;
    const seen = jobs.filter((job) => taskOf(job) !== null);
    const unseen = list.ours.filter((job) => !there.has(job.id) && !isEnded(job));
    return {
      ours: [
        ...seen.map((job) => ours(job, known.get(job.id) ?? { since: asked, isFromHere: false })),
        ...unseen,
      ],
      others: jobs.filter((job) => taskOf(job) === null),
      ended: [...list.ended, ...list.ours.filter(isEnded)],
    };
  }

  function afterNews(
    /** @type {JobList} */ list,
    /** @type {StashJob} */ job,
    /** @type {number} */ asked,
    isFromHere = false,
  ) {
    if (list.ended.some((ended) => ended.id === job.id)) return list;
    const name = taskOf(job) === null ? "others" : "ours";
    const before = list.ours.find((known) => known.id === job.id);
    const jobs = /** @type {OurJob[]} */ (list[name]);
    const since = before?.since ?? asked;
    const one = ours(job, { since, isFromHere: isFromHere || before?.isFromHere === true });
    const isNew = !jobs.some((known) => known.id === job.id);
    return {
      ...list,
      [name]: isNew ? [...jobs, one] : jobs.map((known) => (known.id === job.id ? one : known)),
    };
  }

  function afterEnd(/** @type {JobList} */ list, /** @type {StashJob} */ job) {
    const known = list.ours.find((one) => one.id === job.id);
    return {
      ours: list.ours.filter((one) => one.id !== job.id),
      others: list.others.filter((one) => one.id !== job.id),
      ended: known === undefined ? list.ended : [...list.ended, { ...known, status: job.status }],
    };
  }

  /** @param {StashJob} job @param {{since: number, isFromHere: boolean}} known @returns {OurJob} */
  function ours(job, { since, isFromHere }) {
    return { ...job, task: taskOf(job) ?? job.description, since, isFromHere };
  }

  /** @type {Parts["jobList"]["linesOf"]} */
  function linesOf(entries, from, until) {
    const isOfPlugin = (/** @type {LogEntry} */ entry) =>
      entry.message.startsWith(PLUGIN_LINE) || entry.message.startsWith(TASK_FAILED);
    const isOfThatTime = (/** @type {LogEntry} */ entry) => {
      const at = Date.parse(entry.time);
      return !(at < from) && !(at > until);
    };
    return entries
      .filter((entry) => isOfPlugin(entry) && isOfThatTime(entry))
      .map(({ level, message }) => ({
        level,
        text: message.replace(PLUGIN_LINE, ""),
        isFailure: message.startsWith(TASK_FAILED),
      }));
  }

  /** @type {Parts["jobList"]["outcomeOf"]} */
  function outcomeOf(job, found, lines) {
    const isCancelled = [job.status, found?.status].some((one) => one === "CANCELLED" || one === "STOPPING");
    // What a task returns only points to its own error lines.
    const said =
      lines.find((line) => line.level === "Error" && !line.isFailure) ?? lines.find((line) => line.isFailure);
    const failure = found?.error ?? (said ? said.text.replace(TASK_FAILED, "") : null);
    return {
      task: job.task,
      isCancelled,
      failure: isCancelled ? null : failure,
      isKnown: true,
      lines: lines.filter((line) => !line.isFailure).slice(-MOST_LINES),
    };
  }

  /** @type {Parts["jobList"]["howItEnded"]} */
  function howItEnded({ isCancelled, failure, isKnown }) {
    if (isCancelled) return "was cancelled";
    if (failure !== null) return "failed";
    return isKnown ? "is done" : "has ended, and Stash's log says how";
  }

  return { MAIN_TASKS, BACK_TASKS, MOST_LINES, EMPTY, next, linesOf, outcomeOf, howItEnded };
});
