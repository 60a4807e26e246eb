# frozen_string_literal: true

require "time"

module AgentKernel
  # A sandbox for the length of a block: see Client#sandbox. Removed however the block is left: by its end, an
  # exception, throw, Timeout, Thread#kill or Ctrl-C. A create whose answer never came may have made a sandbox all the
  # same: it is looked up by its name, and removed.
  class SandboxSession
    # How long removing may take; it bounds what whoever interrupts has to wait for.
    REMOVE_SECONDS = 30
    # A server that was left alone in the middle of a create may still finish it: look again after these seconds.
    LOOK_UP_PAUSES = [0, 0.05, 0.2, 0.5, 1].freeze
    # How far the server's clock may be behind ours. A sandbox older than that is somebody else's, not the create's.
    CLOCK_SECONDS = 60
    # A proxy gave up waiting; what stands behind it may not have.
    GATEWAY_STATUSES = [502, 504].freeze
    private_constant :REMOVE_SECONDS, :LOOK_UP_PAUSES, :CLOCK_SECONDS, :GATEWAY_STATUSES

    attr_reader :name
    # The sandbox as it was created; nil before.
    attr_reader :sandbox

    def initialize(client, name, **options)
      @client = client
      @name = name
      @options = options
      @removed = false
    end

    # Runs a command in the sandbox: see Client#exec_in_sandbox.
    def run(command, **options)
      create
      @client.exec_in_sandbox(@name, command, **options)
    end

    # The sandbox as it is now.
    def info(**options)
      create
      @client.get_sandbox(@name, **options)
    end

    # Files of the sandbox and commands that nobody waits for: as the methods of Client, without the name.
    %i[read_file open_file write_file write_files delete_file upload download exec_detached detached_status
       detached_wait detached_logs detached_kill detached_list].each do |operation|
      define_method(operation) do |*arguments, **options, &block|
        create
        @client.public_send(operation, @name, *arguments, **options, &block)
      end
    end

    # Creates the sandbox, yields this, and removes the sandbox.
    def open
      finished = false
      create
      result = yield self
      finished = true
      result
    ensure
      leave(finished)
    end

    # Removes the sandbox. One that is gone already is fine; after a failure it may be called again.
    def remove(**options)
      return if @sandbox.nil? || @removed

      begin
        @client.remove_sandbox(@name, **options)
      rescue NotFoundError
        nil
      end
      @removed = true
      nil
    end

    def inspect
      state = if @removed then "removed"
              else
                @sandbox ? @sandbox.status : "new"
              end
      "#<#{self.class.name} #{@name.inspect} #{state}>"
    end

    private

    # Timeouts and kills that come while a sandbox is removed wait until that is done. (Ctrl-C does not.) What a fiber
    # scheduler raises in a fiber cannot be held back, so there a thread removes it.
    def undisturbed(&)
      return Thread.handle_interrupt(Object => :never, &) unless Fiber.current_scheduler

      thread = Thread.new(&).tap { |made| made.report_on_exception = false }
      begin
        thread.value
      ensure
        thread.join
      end
    end

    def leave(finished)
      undisturbed do
        remove(timeout: REMOVE_SECONDS)
      rescue Error => e
        raise if finished

        tell(e) # what the block was left with is on its way already
      end
    end

    # Whether the create was settled is known from flags alone: an interruption need not be an exception.
    def create
      raise Error.new("the sandbox #{@name} was removed", code: "AK_E_STATE") if @removed
      return if @sandbox

      call = @client.prepare(:create_sandbox, name: @name, **@options)
      started = Time.now
      settled = false
      begin
        @client.finish(call) { |record| @sandbox = record }
        settled = true
      rescue Error => e
        settled = !may_exist?(e)
        raise
      ensure
        remove_leftover(started) unless settled || @sandbox
      end
    end

    # Whether a create that failed so may have made a sandbox.
    def may_exist?(error)
      return false if error.sent == :nothing

      error.http_status.nil? || error.http_status < 300 || GATEWAY_STATUSES.include?(error.http_status)
    end

    def remove_leftover(started)
      undisturbed do
        limit = now + REMOVE_SECONDS
        LOOK_UP_PAUSES.any? do |pause|
          sleep(pause)
          look_up(started, limit)
        end
      rescue Error => e
        tell(e)
      end
    end

    # Whether the sandbox was found. It is removed, unless it is older than the create.
    def look_up(started, limit)
      found = @client.get_sandbox(@name, timeout: [limit - now, 0].max)
      @client.remove_sandbox(@name, timeout: [limit - now, 0].max) if ours?(found, started)
      true
    rescue NotFoundError
      false
    end

    def ours?(found, started)
      Time.iso8601(found.created_at || "") >= started - CLOCK_SECONDS
    rescue ArgumentError
      true # no time, or none that can be read
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def tell(error)
      warn("agentkernel: the sandbox #{@name} could not be removed: #{error.message}")
    end
  end
end
