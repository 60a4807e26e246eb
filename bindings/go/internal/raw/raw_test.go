package raw

import (
	"runtime"
	"testing"
)

func client(t testing.TB) (Client, Error) {
	var made Client
	fail := Error_new()
	if status := Client_new(&made, fail); status != OK {
		t.Fatal(status)
	}
	t.Cleanup(func() {
		Client_free(made)
		Error_free(fail)
	})
	return made, fail
}

func TestText(t *testing.T) {
	c, fail := client(t)
	whole := "a text of which a part is taken"
	for _, text := range []string{"", "x", whole[2:6], "\u00fc"} {
		if status := Client_set_text(c, CLIENT_USER_AGENT, text, fail); status != OK {
			t.Error(text, status)
		}
		buf := make([]byte, 10)
		var size int
		status := Client_text(c, CLIENT_USER_AGENT, buf, &size, fail)
		if wanted := map[bool]int32{true: ABSENT, false: OK}[text == ""]; status != wanted || string(buf[:size]) != text {
			t.Errorf("%q: %d %q", text, status, buf[:size])
		}
	}
	if status := Client_set_text(c, CLIENT_USER_AGENT, "a\x00b", fail); status != E_ARGUMENT {
		t.Error("NUL: ", status)
	}
}

func TestCopyDoor(t *testing.T) {
	c, fail := client(t)
	Client_set_text(c, CLIENT_USER_AGENT, "twelve bytes", fail)
	for size := range 14 {
		// A buffer amid other memory, which holds pointers too.
		mine := struct {
			before *int
			buf    [14]byte
		}{before: new(int)}
		var needed int
		status := Client_text(c, CLIENT_USER_AGENT, mine.buf[:size], &needed, fail)
		if needed != 12 || (status == OK) != (size >= 12) || (status != OK && status != E_BUFFER) {
			t.Error(size, status, needed)
		}
		for i, got := range mine.buf {
			if wanted := byte("twelve bytes\x00\x00"[i]); size < 12 && got != 0 || size >= 12 && got != wanted {
				t.Errorf("%d: %q", size, mine.buf)
				break
			}
		}
	}
}

func TestIntegersAreWhole(t *testing.T) {
	c, fail := client(t)
	for _, value := range []int64{1, 1<<53 + 1, 1<<63 - 1} {
		var got int64
		if Client_set_int(c, CLIENT_MAX_REPLY_BYTES, value, fail) != OK || Client_int(c, CLIENT_MAX_REPLY_BYTES, &got, fail) != OK || got != value {
			t.Error(value, got)
		}
	}
}

func TestErrorsAndNames(t *testing.T) {
	c, fail := client(t)
	if status := Client_set_text(c, CLIENT_BASE_URL, "ftp://x", fail); status != E_ARGUMENT || Error_code(fail) != status {
		t.Error(status)
	}
	var view View
	if Error_view(fail, ERROR_MESSAGE, &view) != OK || view.Len() == 0 || len(view.Bytes()) != view.Len() {
		t.Error("no message")
	}
	if Error_view(fail, ERROR_SERVER_TEXT, &view) != ABSENT || view.Len() != 0 || len(view.Bytes()) != 0 {
		t.Error("a message of no server")
	}
	if Status_name(E_TIMEOUT) != "AK_E_TIMEOUT" || Status_name(-999) != "" || Operation_name(OP_RUN) != "run" || Version() < uint32(VERSION) {
		t.Error("names")
	}
	var value int64
	if Constant("AK_KEY_OUTPUT", &value) != OK || value != int64(KEY_OUTPUT) || Constant("AK_NONSENSE", &value) != ABSENT {
		t.Error("constants")
	}
}

// The write door takes a slice that is a part of other memory, which holds pointers too, and nothing.
func TestWriteDoor(t *testing.T) {
	c, fail := client(t)
	mine := struct {
		before *int
		buf    [14]byte
	}{before: new(int)}
	for operation, wanted := range map[int32]int32{OP_HEALTH: E_ARGUMENT, OP_WRITE_FILE: E_CANCELLED} {
		var call Call
		if status := Call_new(c, operation, &call, fail); status != OK {
			t.Fatal(status)
		}
		if operation == OP_WRITE_FILE {
			Call_set_text(call, KEY_NAME, "x", fail)
			Call_set_text(call, KEY_PATH, "/tmp/x", fail)
		}
		Call_cancel(call)
		taken := 1
		if status := Call_write(call, mine.buf[2:4], &taken, fail); status != wanted || taken != 0 {
			t.Error(Operation_name(operation), status, taken)
		}
		if status := Call_write(call, nil, &taken, fail); status != wanted {
			t.Error(Operation_name(operation), status)
		}
		Call_free(call)
	}
}

func TestListsOfLists(t *testing.T) {
	c, fail := client(t)
	var call Call
	if status := Call_new(c, OP_BATCH_RUN, &call, fail); status != OK {
		t.Fatal(status)
	}
	defer Call_free(call)
	for _, word := range []string{"one", "two"} {
		if Call_add_list(call, KEY_COMMANDS, fail) != OK || Call_add_text(call, KEY_COMMANDS, word, fail) != OK {
			t.Error(word)
		}
	}
	if status := Call_add_list(call, KEY_COMMAND, fail); status != E_ARGUMENT {
		t.Error(status)
	}
}

// Text goes in and out without memory of Go's.
func TestNothingIsAllocated(t *testing.T) {
	c, fail := client(t)
	out := new(struct {
		size int
		view View
	})
	buf := make([]byte, 64)
	allocations := testing.AllocsPerRun(1000, func() {
		Client_set_text(c, CLIENT_USER_AGENT, "agent", fail)
		Client_text(c, CLIENT_USER_AGENT, buf, &out.size, fail)
		Status_name(E_TIMEOUT)
		Error_view(fail, ERROR_MESSAGE, &out.view)
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	runtime.KeepAlive(out)
}
