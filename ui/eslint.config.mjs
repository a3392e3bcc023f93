import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";

/** What turns text into markup or code; the page shows titles and paths of files, which anybody may have named. */
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "dangerouslySetInnerHTML", "srcdoc"];

export default [
  js.configs.recommended,
  {
    files: ["*.js"],
    plugins: { "react-hooks": reactHooks },
    languageOptions: {
      ecmaVersion: 2021,
      sourceType: "script",
      globals: { ...globals.browser, Stash2Plex: "readonly" },
    },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      complexity: ["error", 10],
      eqeqeq: "error",
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", { max: 300 }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-restricted-syntax": [
        "error",
        ...MARKUP.map((name) => ({
          selector: `:matches(Identifier[name="${name}"], Literal[value="${name}"])`,
          message: "Titles and paths are shown as text, never as markup.",
        })),
      ],
      "no-var": "error",
      "prefer-const": "error",
    },
  },
];
