import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
    {ignores: ["node_modules/"]},
    eslint.configs.recommended,
    {
        files: ["**/*.ts", "**/*.mts"],
        extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
        languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: import.meta.dirname}},
        rules: {
            "@typescript-eslint/no-floating-promises": [
                "error",
                {
                    allowForKnownSafeCalls: [
                        {from: "package", package: "node:test", name: ["test", "after", "before", "describe"]},
                    ],
                },
            ],
            // Names of the environment and of records are written obj["name"], as the compiler requires.
            "@typescript-eslint/dot-notation": "off",
            "@typescript-eslint/no-confusing-void-expression": ["error", {ignoreArrowShorthand: true}],
            "@typescript-eslint/restrict-template-expressions": ["error", {allowNumber: true, allowBoolean: true}],
        },
    },
    {
        files: ["**/*.mjs"],
        languageOptions: {
            globals: Object.fromEntries(
                ["process", "URL", "console", "performance", "Buffer", "fetch"].map((name) => [name, "readonly"]),
            ),
        },
    },
);
