import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";

/** For the host page of the tests, which stands in for Stash's own. */
export default [
  js.configs.recommended,
  {
    files: ["tests/page/**/*.{js,jsx,mjs}"],
    plugins: { "react-hooks": reactHooks },
    languageOptions: {
      ecmaVersion: 2022,
      parserOptions: { ecmaFeatures: { jsx: true } },
      globals: { ...globals.browser, ...globals.node },
    },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      // What stands in JSX only, this linter does not see.
      "no-unused-vars": ["error", { varsIgnorePattern: "^[A-Z]" }],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
];
