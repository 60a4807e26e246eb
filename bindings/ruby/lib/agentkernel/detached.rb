# frozen_string_literal: true

module AgentKernel
  # Waiting for detached commands.
  class Client
    # The seconds between two requests of detached_wait, at first and at most.
    FIRST_PAUSE = 0.01
    LAST_PAUSE = 1
    private_constant :FIRST_PAUSE, :LAST_PAUSE

    # Waits until a detached command has ended, for so many seconds (within) or as long as it takes, and returns a
    # DetachedCommand. It asks the server less and less often, at least once a second. TimeoutError when the command is
    # still running; it is left running.
    def detached_wait(name, id, within: nil, **options)
      raise TypeError, "within must be a number of seconds, not #{within.class}" unless (within || 0).is_a?(Numeric)

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
