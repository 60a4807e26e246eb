/** The runtime's setImmediate as it was when this was loaded: tests of users put another in its place, whose time stands. */
export const immediately = setImmediate;
