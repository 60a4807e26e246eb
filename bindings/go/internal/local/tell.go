package local

// #include <stdlib.h>
import "C"
import "unsafe"

// tell has the library, which reads C's environment, start this program. Go's environment, which is what this process
// sees and passes on to others, stays as it is.
func tell(path string) {
	name, value := C.CString(Variable), C.CString(path)
	defer C.free(unsafe.Pointer(name))
	defer C.free(unsafe.Pointer(value))
	C.setenv(name, value, 0)
}
