//go:build !agentkernel_bundled

// Package byhand is what a few functions of package raw are when cgo is written by hand: the measure that the
// benchmarks of raw hold SWIG's output to.
package byhand

// #cgo pkg-config: agentkernel
// #include <agentkernel.h>
//
// static ak_status step(uintptr_t call, uintptr_t err) { return ak_call_step((ak_call *)call, (ak_error *)err); }
// static ak_status set_text(uintptr_t client, int32_t key, const char *text, size_t len) {
//     return ak_client_set_text((ak_client *)client, key, text, len, 0);
// }
// static ak_status text(uintptr_t client, int32_t key, void *buf, size_t cap, size_t *len) {
//     return ak_client_text((ak_client *)client, key, buf, cap, len, 0);
// }
import "C"
import "unsafe"

func Version() uint32 { return uint32(C.ak_version()) }

func Step(call, fail uintptr) int32 { return int32(C.step(C.uintptr_t(call), C.uintptr_t(fail))) }

func SetText(client uintptr, key int32, text string) int32 {
	return int32(C.set_text(C.uintptr_t(client), C.int32_t(key), (*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.size_t(len(text))))
}

func Text(client uintptr, key int32, buf []byte, size *int) int32 {
	return int32(C.text(C.uintptr_t(client), C.int32_t(key), unsafe.Pointer(&buf[0]), C.size_t(len(buf)), (*C.size_t)(unsafe.Pointer(size))))
}
