/* What the build of the library passes on its command line; cgo passes no quotes. A test compares. */
#define AK_VERSION_TEXT "0.1.0"
