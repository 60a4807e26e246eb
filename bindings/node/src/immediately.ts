/** The runtime's setImmediate as it was at loading: users' tests replace it by one whose time stands still. */
export const immediately = setImmediate;
