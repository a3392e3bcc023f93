/** The application: what a browser runs in place of Stash's own page. */
import { ApolloProvider } from "@apollo/client";
import React from "react";
import ReactDOM from "react-dom";
import { BrowserRouter, Route, Switch, useLocation } from "react-router-dom";

import { client } from "./client";
import { MainNavbar } from "./navigation";
import { events } from "./plugin_api";
import { PluginRoutes, PluginsLoader } from "./plugins";
import { Scene } from "./scene";
import { Settings } from "./settings";
import { ToastProvider } from "./toasts";

class ErrorBoundary extends React.Component {
  state = { problem: null };

  static getDerivedStateFromError(problem) {
    return { problem };
  }

  render() {
    if (this.state.problem) return <h2 role="alert">Something went wrong: {String(this.state.problem)}</h2>;
    return this.props.children;
  }
}

function Pages() {
  const location = useLocation();
  React.useEffect(() => events.tell("location", { location }), [location]);
  return (
    <div className="main container-fluid">
      <Switch>
        <Route exact path="/" render={() => <h1>Stash</h1>} />
        <Route path="/scenes/:id" component={Scene} />
        <Route path="/settings" component={Settings} />
        <PluginRoutes />
        <Route render={() => <h1>Page not found</h1>} />
      </Switch>
    </div>
  );
}

ReactDOM.render(
  <BrowserRouter>
    <ApolloProvider client={client}>
      <ErrorBoundary>
        <ToastProvider>
          <PluginsLoader>
            <MainNavbar />
            <Pages />
          </PluginsLoader>
        </ToastProvider>
      </ErrorBoundary>
    </ApolloProvider>
  </BrowserRouter>,
  document.getElementById("root"),
);
