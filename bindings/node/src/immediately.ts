/** The runtime's setImmediate at load time: users' tests may replace it by a mock that never fires. */
export const immediately = setImmediate;
