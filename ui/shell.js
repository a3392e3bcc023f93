// The page itself: its tabs, and what all of them share.
Stash2Plex.define("shell", (parts) => {
  const { React, h, Router } = parts.stash;
  const { guarded } = parts.guard;
  const { address, display, operations, results, tasks, jobs, jobPanel, status } = parts;

  /** @typedef {[string, string, View]} Tab Name in the address, title, what it shows. */

  /** @type {Tab} */
  const FIRST = ["overview", "Overview", parts.overview.Tab];
  /** @type {Tab[]} */
  const TABS = [
    FIRST,
    ["set_up", "Set up", parts.setUp.Tab],
    ["settings", "Settings", parts.settings.Tab],
    ["gaps", "Gaps", parts.gaps.Tab],
    ["preview", "Preview", parts.preview.Tab],
    ["queue", "Queue and failures", parts.queue.Tab],
    ["orphans", "Orphans", parts.orphans.Tab],
  ];

  const WITHOUT_STATUS = ["settings", "gaps", "queue"];

  /** @param {string} reason */
  const inWords = (reason) =>
    h(display.ProblemView, {
      problem: operations.inWords(`This tab cannot be shown: ${reason}. Reload the page.`),
    });

  /** @type {Parts["shell"]["Page"]} */
  function Page() {
    const { get } = address.useAddress();
    const wanted = get("tab");
    const [name, title, Tab] = TABS.find(([known]) => known === wanted) ?? FIRST;
    React.useEffect(() => {
      const before = document.title;
      document.title = `${title} | Stash2Plex`;
      return () => {
        document.title = before;
      };
    }, [title]);
    return h(
      "div",
      { className: "s2p s2p-page" },
      h("h1", null, "Stash2Plex"),
      h(
        results.Results,
        { scope: name },
        h(
          jobs.WithJobs,
          null,
          h(
            status.WithStatus,
            { isWanted: !WITHOUT_STATUS.includes(name) },
            h(Tabs, { current: name }),
            h(jobPanel.JobPanel),
            h(
              display.TaskButton.Provider,
              { value: tasks.RunTask },
              h(
                "div",
                { className: "s2p-tab", role: "region", "aria-label": title },
                guarded(h(Tab), inWords, name),
              ),
            ),
          ),
        ),
      ),
    );
  }

  /** @param {{current: string}} properties */
  function Tabs({ current }) {
    return h(
      "nav",
      { className: "s2p-tabs", "aria-label": "Stash2Plex" },
      TABS.map(([name, title]) =>
        h(
          Router.Link,
          {
            key: name,
            to: address.ofTab(name),
            className: name === current ? "active" : undefined,
            "aria-current": name === current ? "page" : undefined,
          },
          title,
        ),
      ),
    );
  }

  return { Page };
});
