// Package gnu is the library itself with all that it needs, for systems with glibc 2.28 or newer: an object that is linked into
// the program.
package gnu
