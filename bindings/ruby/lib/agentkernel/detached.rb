# frozen_string_literal: true

module AgentKernel
  # Commands that nobody waits for.
  class Client
    # Between two looks of detached_wait pass these seconds at first, and at most.
    FIRST_LOOK = 0.01
    LAST_LOOK = 1
    private_constant :FIRST_LOOK, :LAST_LOOK

    # Starts a command in a sandbox: a DetachedCommand. Options are those of exec_in_sandbox, but check.
    def exec_detached(name, command, **options) = one(:exec_detached, name:, command:, **options)

    # The command as it is now: a DetachedCommand.
    def detached_status(name, id, **options) = one(:detached_status, name:, id:, **options)

    # Waits until the command has ended, for so many seconds (within), or as long as it takes: a DetachedCommand. It
    # looks ever more seldom, at least once in a second. TimeoutError when it still runs; it goes on then.
    def detached_wait(name, id, within: nil, **options)
      raise TypeError, "within must be a number of seconds, not #{within.class}" unless (within || 0).is_a?(Numeric)

      limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + (within || Float::INFINITY)
      pause = FIRST_LOOK
      loop do
        command = detached_status(name, id, **options)
        return command unless command.running?

        rest = limit - Process.clock_gettime(Process::CLOCK_MONOTONIC)
        raise TimeoutError.new("the command still runs", code: "AK_E_TIMEOUT", phase: "wait") unless rest.positive?

        sleep([pause, rest].min)
        pause = [2 * pause, LAST_LOOK].min
      end
    end

    # What the command wrote so far, of stream: "stdout", which is the default, or "stderr": a DetachedLogs.
    def detached_logs(name, id, **options) = one(:detached_logs, name:, id:, **options)

    # Ends the command.
    def detached_kill(name, id, **options) = one(:detached_kill, name:, id:, **options)

    # All such commands of a sandbox: an Array of DetachedCommand.
    def detached_list(name, **options) = call(:detached_list, name:, **options)
  end
end
