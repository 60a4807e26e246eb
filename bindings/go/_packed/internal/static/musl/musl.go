// Package musl is the library itself with all that it needs, for systems with musl: an object that is linked into
// the program.
package musl
