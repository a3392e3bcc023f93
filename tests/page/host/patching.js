/**
 * Parts of the page that plugins may change: each has a name, and calls of it pass through what was registered
 * for this name, in order.
 */
const changes = { before: {}, instead: {}, after: {} };

/** Components by name, as plugins find them in `PluginApi.components`. */
export const components = {};

const adder = (when) => (name, change) => {
  (changes[when][name] ??= []).push(change);
};

export const patch = { before: adder("before"), instead: adder("instead"), after: adder("after") };

export function register(name, component) {
  if (components[name]) throw new Error(`Component ${name} has already been registered`);
  components[name] = component;
  return component;
}

/** A function that plugins can change under this name. */
export function patched(name, original) {
  return function (...given) {
    const args = (changes.before[name] ?? []).reduce((now, change) => change(...now), given);
    const around = (changes.instead[name] ?? []).reduceRight(
      (next, change) =>
        (...now) =>
          change(...now, next),
      original,
    );
    return (changes.after[name] ?? []).reduce((result, change) => change(...args, result), around(...args));
  };
}

/** A component that plugins can change, and use. */
export const patchedComponent = (name, original) => register(name, patched(name, original));

/** One that shows what is in it, to which plugins can add. */
export const patchedContainer = (name) => patchedComponent(name, ({ children }) => children ?? null);
