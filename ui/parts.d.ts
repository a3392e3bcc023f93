// What Stash gives to the page, and what the page's files give to each other.

type Apollo = typeof import("@apollo/client");
type ApolloClient = import("@apollo/client").ApolloClient<object>;
type Bootstrap = typeof import("react-bootstrap");
type Icons = typeof import("@fortawesome/free-solid-svg-icons");
type Router = typeof import("react-router-dom");

/** As much of `window.PluginApi` as is used here. */
interface PluginApi {
  React: typeof React;
  libraries: {
    Apollo: Apollo;
    Bootstrap: Bootstrap;
    FontAwesomeSolid: Icons;
    ReactRouterDOM: Router;
  };
  register: { route(path: string, component: React.ComponentType): void };
  /** `before` gets the arguments and returns them all; `after` gets them and, last, the result. */
  patch: {
    before(name: string, change: (...given: any[]) => any[]): void;
    after(name: string, change: (...given: any[]) => React.ReactNode): void;
  };
  components: Record<string, React.ComponentType<any>>;
}

interface Parts {
  stash: {
    React: typeof React;
    h: typeof React.createElement;
    Apollo: Apollo;
    Bootstrap: Bootstrap;
    icons: Icons;
    Router: Router;
    api: PluginApi;
    /** Whether this Stash's PluginApi has what stands there under this name with dots. */
    has(name: string): boolean;
  };
}

interface Stash2PlexInWindow {
  define<Name extends keyof Parts>(name: Name, make: (parts: Parts) => Parts[Name]): void;
}

interface Window {
  PluginApi: PluginApi;
  Stash2Plex: Stash2PlexInWindow;
}

declare const Stash2Plex: Stash2PlexInWindow;
