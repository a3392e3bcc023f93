// The plugin's tasks as jobs of Stash: started from here or elsewhere, followed while they run, cancelled,
// and looked at when they end. Stash calls a task finished that ended with an error; its log tells them apart.
Stash2Plex.define("jobs", ({ stash: { React, h, Apollo }, results, operations, jobList }) => {
  const { gql } = Apollo;
  const JOB = "id status subTasks description progress addTime startTime endTime error";
  const START = gql`
    mutation Stash2PlexStart($plugin: ID!, $task: String!, $args: Map) {
      runPluginTask(plugin_id: $plugin, task_name: $task, args_map: $args)
    }
  `;
  const CANCEL = gql`
    mutation Stash2PlexCancel($id: ID!) {
      stopJob(job_id: $id)
    }
  `;
  const LIST = gql`query Stash2PlexJobs { jobQueue { ${JOB} } }`;
  const ENDED = gql`query Stash2PlexEnded($id: ID!) {
    findJob(input: { id: $id }) { ${JOB} }
    logs { time level message }
  }`;
  const NEWS = gql`subscription Stash2PlexJobNews { jobsSubscribe { type job { ${JOB} } } }`;
  const LOG = gql`
    subscription Stash2PlexLog {
      loggingSubscribe {
        time
        level
        message
      }
    }
  `;
  // News come by themselves; where they do not get through (a proxy without websockets), looking does.
  const MILLISECONDS_BETWEEN_LOOKS = { busy: 2000, idle: 10000 };
  const UNCACHED = /** @type {const} */ ({ fetchPolicy: "no-cache" });

  /** @type {Parts["jobs"]["Context"]} */
  const Context = React.createContext(/** @type {Jobs | null} */ (null));

  /** @type {Parts["jobs"]["WithJobs"]} */
  function WithJobs({ children }) {
    const client = Apollo.useApolloClient();
    const { tell } = React.useContext(results.Context);
    const [list, change] = React.useReducer(jobList.next, jobList.EMPTY);
    const [starting, setStarting] = React.useState(/** @type {string | null} */ (null));
    const look = useLooking(client, list.ours.length > 0, change);
    const [outcome, setOutcome] = useOutcome(client, list, change);
    const lines = useLines(client, list.ours[0]);
    useNews(client, change);

    const run = React.useCallback(
      async (/** @type {string} */ task, /** @type {object} */ args = {}) => {
        setOutcome(null);
        setStarting(task);
        try {
          const variables = { plugin: operations.PLUGIN, task, args };
          const { data } = await client.mutate({ mutation: START, variables, ...UNCACHED });
          change({ kind: "started", asked: Date.now(), job: startedJob(data.runPluginTask, task) });
          await look();
        } catch (thrown) {
          tell({ text: "", problem: operations.problemOf(thrown) });
        } finally {
          setStarting(null);
        }
      },
      [client, look, setOutcome, tell],
    );
    const cancel = React.useCallback(
      (/** @type {string} */ id) =>
        client
          .mutate({ mutation: CANCEL, variables: { id }, ...UNCACHED })
          .then(look, (thrown) => tell({ text: "", problem: operations.problemOf(thrown) })),
      [client, look, tell],
    );
    const value = React.useMemo(
      () => ({ ...list, starting, lines, outcome, run, cancel, dismiss: () => setOutcome(null) }),
      [list, starting, lines, outcome, run, cancel, setOutcome],
    );
    return h(Context.Provider, { value }, children);
  }

  /** @param {string} id @param {string} task @returns {StashJob} The job as it is before Stash told of it. */
  function startedJob(id, task) {
    return {
      id: String(id),
      status: "READY",
      description: `Running plugin task: ${task}`,
      progress: null,
      startTime: null,
      endTime: null,
      error: null,
    };
  }

  /** Look at Stash's list of jobs now and then; returns what looks at once. */
  function useLooking(
    /** @type {ApolloClient} */ client,
    /** @type {boolean} */ isBusy,
    /** @type {(event: JobEvent) => void} */ change,
  ) {
    const look = React.useCallback(async () => {
      const asked = Date.now();
      try {
        const { data } = await client.query({ query: LIST, ...UNCACHED });
        change({ kind: "looked", asked, jobs: data.jobQueue ?? [] });
      } catch {
        // A Stash that does not answer says so where something is asked of it; the next look follows.
      }
    }, [client, change]);
    React.useEffect(() => {
      look();
      const pause = isBusy ? MILLISECONDS_BETWEEN_LOOKS.busy : MILLISECONDS_BETWEEN_LOOKS.idle;
      const timer = window.setInterval(() => document.hidden || look(), pause);
      return () => window.clearInterval(timer);
    }, [look, isBusy]);
    return look;
  }

  function useNews(/** @type {ApolloClient} */ client, /** @type {(event: JobEvent) => void} */ change) {
    React.useEffect(() => {
      const news = client.subscribe({ query: NEWS, ...UNCACHED }).subscribe({
        next: ({ data }) => {
          if (data) change({ kind: "news", asked: Date.now(), ...data.jobsSubscribe });
        },
        error: () => undefined,
      });
      return () => news.unsubscribe();
    }, [client, change]);
  }

  /** The last lines that the plugin logged while this job runs. */
  function useLines(/** @type {ApolloClient} */ client, /** @type {OurJob | undefined} */ job) {
    const [lines, setLines] = React.useState(/** @type {LogLine[]} */ ([]));
    const id = job?.id;
    React.useEffect(() => {
      setLines([]);
      if (id === undefined) return undefined;
      const log = client.subscribe({ query: LOG, ...UNCACHED }).subscribe({
        next: ({ data }) => {
          const told = jobList.linesOf(data?.loggingSubscribe ?? [], 0, Infinity);
          setLines((before) => [...before, ...told].slice(-jobList.MOST_LINES));
        },
        error: () => undefined,
      });
      return () => log.unsubscribe();
    }, [client, id]);
    return lines;
  }

  /** How the last job ended; all is read anew then. */
  function useOutcome(
    /** @type {ApolloClient} */ client,
    /** @type {JobList} */ list,
    /** @type {(event: JobEvent) => void} */ change,
  ) {
    const { refresh, tell } = React.useContext(results.Context);
    const [outcome, setOutcome] = React.useState(/** @type {Outcome | null} */ (null));
    const [job] = list.ended;
    React.useEffect(() => {
      if (job === undefined) return;
      askForOutcome(client, job).then((found) => {
        setOutcome(found);
        // What somebody has just done here is not replaced by what came by itself.
        if (job.isFromHere) tell(inWords(found));
        change({ kind: "settled", id: job.id });
        refresh();
      });
    }, [client, job, change, refresh, tell]);
    return /** @type {const} */ ([outcome, setOutcome]);
  }

  /** @param {Outcome} outcome @returns {Told} */
  function inWords(outcome) {
    const text = `${outcome.task} ${jobList.howItEnded(outcome)}.`;
    if (outcome.failure === null) return { text };
    return { text: "", problem: operations.inWords(`${text} The top of this page says why.`) };
  }

  /** @param {ApolloClient} client @param {OurJob} job @returns {Promise<Outcome>} */
  async function askForOutcome(client, job) {
    try {
      const { data } = await client.query({ query: ENDED, variables: { id: job.id }, ...UNCACHED });
      const found = data.findJob ?? job;
      const from = Date.parse(found.startTime ?? found.addTime);
      const until = Date.parse(found.endTime);
      // Stash's log has the newest line first, and its times may be whole seconds: what was logged in the
      // second before belongs to the job before.
      const lines = jobList.linesOf([...data.logs].reverse(), from - (from % 1000), until + 1000);
      return jobList.outcomeOf(job, found, lines);
    } catch {
      return { ...jobList.outcomeOf(job, null, []), isKnown: false };
    }
  }

  return { Context, WithJobs };
});
