// What goes wrong while something of ours is drawn stays ours: Stash's page around it goes on.
Stash2Plex.define("guard", ({ stash: { React, h } }) => {
  /** @extends {React.Component<{instead: (reason: string) => React.ReactNode}, {reason: string | null}>} */
  class Guard extends React.Component {
    /** @param {any} properties */
    constructor(properties) {
      super(properties);
      /** @type {{reason: string | null}} */
      this.state = { reason: null };
    }

    /** @param {unknown} problem */
    static getDerivedStateFromError(problem) {
      return { reason: String(problem) };
    }

    render() {
      const { instead, children } = this.props;
      return this.state.reason === null ? children : instead(this.state.reason);
    }
  }

  /** @type {Parts["guard"]["guarded"]} */
  const guarded = (drawn, instead = () => null, key) => h(Guard, { key, instead }, drawn);

  return { guarded };
});
