/** `window.PluginApi`: what a plugin's scripts get from Stash, as far as this host page has it. */
import * as Apollo from "@apollo/client";
import * as FontAwesomeSolid from "@fortawesome/free-solid-svg-icons";
import * as ReactFontAwesome from "@fortawesome/react-fontawesome";
import React from "react";
import * as Bootstrap from "react-bootstrap";
import ReactDOM from "react-dom";
import * as ReactRouterDOM from "react-router-dom";

import { client } from "./client";
import { GQL } from "./documents";
import { components, patch, register } from "./patching";
import { registerRoute } from "./plugins";
import { useSettings } from "./settings";
import { useToast } from "./toasts";

/** Components of pages that are loaded later in a real Stash; here they are always there. */
const loadableComponents = { Scenes: async () => {}, Settings: async () => {} };

const loadComponents = (wanted) => Promise.all(wanted.map((load) => load()));

function useLoadComponents(wanted) {
  const [isLoading, setLoading] = React.useState(true);
  const [first] = React.useState(wanted);
  React.useEffect(() => {
    loadComponents(first).then(() => setLoading(false));
  }, [first]);
  return isLoading;
}

class Events extends EventTarget {
  tell(name, data) {
    this.dispatchEvent(new CustomEvent(`stash:${name}`, { detail: { event: "", data } }));
  }
}

export const events = new Events();

window.PluginApi = {
  React,
  ReactDOM,
  GQL,
  libraries: { Apollo, Bootstrap, FontAwesomeSolid, ReactFontAwesome, ReactRouterDOM },
  register: { route: registerRoute, component: register },
  loadableComponents,
  components,
  utils: { StashService: { getClient: () => client }, loadComponents },
  hooks: { useLoadComponents, useSettings, useToast },
  patch,
  Event: events,
};
