// The one thing to do next, as the main button.
Stash2Plex.define("nextStep", ({ stash: { h, Bootstrap, Router }, address, tasks }) => {
  const { Card } = Bootstrap;

  /** @type {Partial<Record<NextStepKind, {title: string, to: string}>>} */
  const LINKS = {
    set_up: { title: "Set up", to: address.ofTab("set_up") },
    fix_settings: { title: "Open the settings", to: address.ofTab("settings") },
    look_at_failed: { title: "Look at what failed", to: address.ofTab("queue", { state: "failed" }) },
  };
  /** @type {Partial<Record<NextStepKind, {title: string, task: string}>>} */
  const TASKS = {
    reconcile: { title: "Compare with Plex", task: "Reconcile Library (All)" },
    process_queue: { title: "Write to Plex now", task: "Process Queue" },
  };

  /** @type {Parts["nextStep"]["NextStep"]} */
  function NextStep({ step }) {
    return h(
      Card,
      { className: "s2p-next", as: "section", "aria-label": "Next step" },
      h("p", null, step.text),
      h(MainButton, { kind: step.kind }),
    );
  }

  /** @param {{kind: NextStepKind}} properties */
  function MainButton({ kind }) {
    const [link, task] = [LINKS[kind], TASKS[kind]];
    if (link) return h(Router.Link, { className: "btn btn-primary", to: link.to }, link.title);
    if (task) return h(tasks.RunTask, { ...task, variant: "primary", size: undefined });
    return null;
  }

  return { NextStep };
});
