/**
 * Make the files of the host page: `node tests/page/bundle.mjs <folder of node_modules> <folder to write into>`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [modules, target] = process.argv.slice(2);
const load = createRequire(join(modules, "anything.js"));
const esbuild = load("esbuild");
const sass = load("sass");
const host = join(dirname(fileURLToPath(import.meta.url)), "host");

mkdirSync(target, { recursive: true });
esbuild.buildSync({
  entryPoints: [join(host, "stash.jsx")],
  outfile: join(target, "stash.js"),
  bundle: true,
  format: "esm",
  minify: true,
  nodePaths: [modules],
  target: "es2021",
  define: { "process.env.NODE_ENV": '"production"', "globalThis.__DEV__": "false" },
  logLevel: "warning",
});
const style = sass.compile(join(host, "stash.scss"), { loadPaths: [modules], logger: sass.Logger.silent });
writeFileSync(join(target, "stash.css"), style.css);
// Last, with the time of now: whoever finds it, finds all.
writeFileSync(join(target, "index.html"), readFileSync(join(host, "index.html")));
