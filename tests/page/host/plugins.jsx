/** Plugins' scripts and styles, loaded once before the first page is shown. */
import React from "react";
import { Route } from "react-router-dom";

import { GQL } from "./documents";
import { LoadingIndicator } from "./parts";
import { patch, patched } from "./patching";

export const PluginRoutes = patched("PluginRoutes", ({ children }) => <>{children}</>);

/** Add a page at an address of this application. */
export function registerRoute(path, component) {
  patch.before("PluginRoutes", ({ children }) => [
    {
      children: (
        <>
          {children}
          <Route path={path} component={component} />
        </>
      ),
    },
  ]);
}

function load(tag, attributes) {
  return new Promise((done) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.addEventListener("load", done);
    element.addEventListener("error", done);
    document.head.appendChild(element);
  });
}

export function PluginsLoader({ children }) {
  const { data } = GQL.usePluginsQuery();
  const [isLoaded, setLoaded] = React.useState(false);
  React.useEffect(() => {
    if (!data) return;
    const paths = data.plugins.map((plugin) => plugin.paths);
    for (const href of paths.flatMap((one) => one.css ?? [])) load("link", { href, rel: "stylesheet" });
    const scripts = paths.flatMap((one) => one.javascript ?? []);
    Promise.all(scripts.map((src) => load("script", { src, async: false }))).then(() => setLoaded(true));
  }, [data]);
  return isLoaded ? children : <LoadingIndicator message="Loading plugins..." />;
}
