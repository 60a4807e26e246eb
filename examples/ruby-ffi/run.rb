# The plain shared library from Ruby's ffi gem: run a command, stream one, meet an error.
#
# Needs the library where the loader looks (LD_LIBRARY_PATH), and a server at AGENTKERNEL_BASE_URL.
require "ffi"

module AK
  extend FFI::Library
  ffi_lib "libagentkernel.so.0"
  {constant: [:string, :size_t, :pointer], client_new: [:pointer, :pointer],
   call_new: [:pointer, :int32, :pointer, :pointer], call_add_text: [:pointer, :int32, :string, :size_t, :pointer],
   call_view: [:pointer, :int32, :pointer, :pointer, :pointer], call_int: [:pointer, :int32, :pointer, :pointer],
   error_code: [:pointer], error_view: [:pointer, :int32, :pointer, :pointer],
   error_int: [:pointer, :int32, :pointer]}.each { |name, types| attach_function(name, "ak_#{name}", types, :int32) }
  attach_function :call_wait, :ak_call_wait, [:pointer, :int32, :pointer], :int32, blocking: true
  attach_function :status_name, :ak_status_name, [:int32], :string
  attach_function :error_new, :ak_error_new, [], :pointer
  %i[client_free call_free error_free].each { |name| attach_function(name, "ak_#{name}", [:pointer], :void) }

  # AK::OP_RUN and all the others, from the library itself.
  def self.const_missing(name)
    value = FFI::MemoryPointer.new(:int64)
    constant("AK_#{name}", name.size + 3, value).zero? ? const_set(name, value.read_int64) : super
  end

  def self.data(door, handle, key, *more)
    start, size = FFI::MemoryPointer.new(:pointer), FFI::MemoryPointer.new(:size_t)
    start.read_pointer.read_bytes(size.read(:size_t)) if send(door, handle, key, start, size, *more) == OK
  end

  def self.number(door, handle, key, *more)
    value = FFI::MemoryPointer.new(:int64)
    value.read_int64 if send(door, handle, key, value, *more) == OK
  end

  def self.check(status, err)
    raise "#{status_name(status)}: #{data(:error_view, err, ERROR_MESSAGE)}" if status.negative?
    status
  end

  # What a function gives that makes an object: its last but one argument is where to.
  def self.make(function, *arguments, err)
    handle = FFI::MemoryPointer.new(:pointer)
    check(send(function, *arguments, handle, err), err)
    handle.read_pointer
  end

  # Yields the call at each of its records. Waits in turns, so that Ctrl-C is heard.
  def self.each_record(client, operation, *command, err)
    call = make(:call_new, client, operation, err)
    command.each { |word| call_add_text(call, KEY_COMMAND, word, word.bytesize, err) }
    until (status = check(call_wait(call, 100, err), err)) == DONE
      yield call if status == ITEM
    end
  ensure
    call_free(call)
  end
end

err = AK.error_new
client = AK.make(:client_new, err)
AK.each_record(client, AK::OP_RUN, "echo", "hello", err) do |call|
  print "run: ", AK.data(:call_view, call, AK::KEY_OUTPUT, err)
end
AK.each_record(client, AK::OP_RUN_STREAM, "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done", err) do |call|
  print AK.data(:call_view, call, AK::KEY_DATA, err)
  code = AK.number(:call_int, call, AK::KEY_EXIT_CODE, err)
  puts "exit code #{code}" if code
end
begin
  AK.each_record(client, AK::OP_RUN, "sh", "-c", "echo no luck; exit 3", err) { |call| call }
rescue RuntimeError
  print AK.status_name(AK.error_code(err)), " exit code ", AK.number(:error_int, err, AK::ERROR_EXIT_CODE), " ",
        AK.data(:error_view, err, AK::ERROR_OUTPUT)
end
AK.client_free(client)
AK.error_free(err)
