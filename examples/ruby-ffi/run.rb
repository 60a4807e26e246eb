# The plain shared library from Ruby's ffi gem: run a command, stream one, handle an error.
#
# Needs the library where the loader looks (LD_LIBRARY_PATH), and a server at AGENTKERNEL_BASE_URL.
require "ffi"

module AK
  extend FFI::Library
  ffi_lib "libagentkernel.so.0"
  # From agentkernel.h: these numbers never change.
  ITEM, DONE, OP_RUN, OP_RUN_STREAM = 1, 2, 2, 3
  KEY_COMMAND, KEY_OUTPUT, KEY_EXIT_CODE, KEY_DATA = 1, 24, 25, 27
  ERROR_MESSAGE, ERROR_EXIT_CODE, ERROR_OUTPUT = 2, 5, 6
  {client_new: [:int32, :pointer, :pointer], client_free: [:void, :pointer], call_free: [:void, :pointer],
   call_new: [:int32, :pointer, :int32, :pointer, :pointer], call_wait: [:int32, :pointer, :int32, :pointer],
   call_add_text: [:int32, :pointer, :int32, :string, :size_t, :pointer], call_cstring: [:string, :pointer, :int32],
   call_number: [:int64, :pointer, :int32, :int64], status_name: [:string, :int32], error_new: [:pointer],
   error_cstring: [:string, :pointer, :int32], error_number: [:int64, :pointer, :int32, :int64],
   error_free: [:void, :pointer]}.each do |name, (result, *arguments)|
    attach_function(name, "ak_#{name}", arguments, result, blocking: name == :call_wait)
  end

  ERR = error_new

  def self.check(status)
    status.negative? ? raise("#{status_name(status)}: #{error_cstring(ERR, ERROR_MESSAGE)}") : status
  end

  # The object that a function creates: its last but one argument receives it.
  def self.make(function, *arguments)
    place = FFI::MemoryPointer.new(:pointer)
    check(send(function, *arguments, place, ERR))
    place.read_pointer
  end

  # Yields the call for each of its records.
  def self.each_record(client, operation, *command)
    call = make(:call_new, client, operation)
    command.each { |word| call_add_text(call, KEY_COMMAND, word, word.bytesize, ERR) } # the wait reports errors
    until (status = check(call_wait(call, -1, ERR))) == DONE
      yield call if status == ITEM # else a signal ended the wait
    end
  ensure
    call_free(call)
  end
end

client = AK.make(:client_new)
AK.each_record(client, AK::OP_RUN, "echo", "hello") { |call| print "run: ", AK.call_cstring(call, AK::KEY_OUTPUT) }
$stdout.sync = true
AK.each_record(client, AK::OP_RUN_STREAM, "sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.1; done") do |call|
  print AK.call_cstring(call, AK::KEY_DATA)
  code = AK.call_number(call, AK::KEY_EXIT_CODE, -1)
  puts "exit code #{code}" if code >= 0
end
begin
  AK.each_record(client, AK::OP_RUN, "sh", "-c", "echo no luck; exit 3") { |call| call }
rescue RuntimeError => error
  print error.message[/\w+/], " exit code ", AK.error_number(AK::ERR, AK::ERROR_EXIT_CODE, -1), " ",
        AK.error_cstring(AK::ERR, AK::ERROR_OUTPUT)
end
AK.client_free(client)
AK.error_free(AK::ERR)
