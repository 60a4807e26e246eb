// The symbols of `using` and `await using`, which older runtimes lack and compiled code needs.
const symbols = Symbol as unknown as Record<"dispose" | "asyncDispose", symbol | undefined>;
symbols.dispose ??= Symbol("Symbol.dispose");
symbols.asyncDispose ??= Symbol("Symbol.asyncDispose");
