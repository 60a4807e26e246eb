// What older runtimes lack of `using` and `await using`; compilers look for these symbols when a scope is left.
const symbols = Symbol as unknown as Record<"dispose" | "asyncDispose", symbol | undefined>;
symbols.dispose ??= Symbol("Symbol.dispose");
symbols.asyncDispose ??= Symbol("Symbol.asyncDispose");
