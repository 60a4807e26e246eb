/** The same package for `import`. There is one implementation, so that classes are the same however it was loaded. */
export * from "./index.js";
