/** The same package for `import`. There is one implementation, so that a class is itself however it was loaded. */
export * from "./index.js";
