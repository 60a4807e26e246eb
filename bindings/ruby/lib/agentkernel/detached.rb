# frozen_string_literal: true

module AgentKernel
  # Waiting for detached commands.
  class Client
    # The first and the longest pause of detached_wait between two requests, in seconds.
    FIRST_PAUSE = 0.01
    LAST_PAUSE = 1
    private_constant :FIRST_PAUSE, :LAST_PAUSE

    # Waits until a detached command has ended, for at most a number of seconds (within) if given, and returns a
    # DetachedCommand. It polls the server with growing pauses, of at most a second. TimeoutError when the command is
    # still running; it is left running.
    def detached_wait(name, id, within: nil, **options)
      unless (within || 0).is_a?(Numeric)
        Backtrace.refuse(TypeError, "within must be a number of seconds, not #{within.class}")
      end

      limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + (within || Float::INFINITY)
      pause = FIRST_PAUSE
      loop do
        command = detached_status(name, id, **options)
        return command unless command.running?

        rest = limit - Process.clock_gettime(Process::CLOCK_MONOTONIC)
        raise TimeoutError.new("the command still runs", code: "AK_E_TIMEOUT", phase: "wait") unless rest.positive?

        sleep([pause, rest].min)
        pause = [2 * pause, LAST_PAUSE].min
      end
    end
  end
end
