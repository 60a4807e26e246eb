# frozen_string_literal: true

require "time"

module AgentKernel
  # A sandbox for the duration of a block: see Client#sandbox. It is removed however the block is left: by its end, an
  # exception, throw, Timeout, Thread#kill or Ctrl-C. A create without a reply may still have created a sandbox: it
  # is looked up by its name, and removed.
  class SandboxSession
    # The timeout of the removal; an interruption waits no longer than that.
    REMOVE_SECONDS = 30
    # A server may still finish a create that its client has abandoned: look again after these seconds.
    LOOK_UP_PAUSES = [0, 0.05, 0.2, 0.5, 1].freeze
    # How far the server's clock may be behind the local one. An older sandbox is not from this create.
    CLOCK_SECONDS = 60
    # A proxy gave up waiting; the server behind it may not have.
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

    # The methods of Client that are written by hand, without the name.
    %i[open_file write_file upload download detached_wait].each do |operation|
      define_method(operation) do |*arguments, **options, &block|
        created.public_send(operation, @name, *arguments, **options, &block)
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

    # Removes the sandbox, if it still exists. After a failure it may be called again.
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

    # The client, once the sandbox exists.
    def created
      create
      @client
    end

    # Delays timeouts and kills (but not Ctrl-C) until a sandbox has been removed. What a fiber scheduler raises in a
    # fiber cannot be delayed, so there a thread removes it.
    def uninterrupted(&)
      return Thread.handle_interrupt(Object => :never, &) unless Fiber.current_scheduler

      thread = Thread.new(&).tap { |made| made.report_on_exception = false }
      begin
        thread.value
      rescue Error => e
        e.set_backtrace(caller) # the thread's own does not lead here
        raise
      ensure
        thread.join
      end
    end

    def leave(finished)
      uninterrupted do
        remove(timeout: REMOVE_SECONDS)
      rescue Error => e
        raise if finished

        report(e) # the block's own exception is already being raised
      end
    end

    # Flags record whether the outcome is known: an interruption need not be an exception.
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

    # Whether a create that failed with this error may have created a sandbox.
    def may_exist?(error)
      return false if error.sent == :nothing

      error.http_status.nil? || error.http_status < 300 || GATEWAY_STATUSES.include?(error.http_status)
    end

    def remove_leftover(started)
      uninterrupted do
        limit = now + REMOVE_SECONDS
        LOOK_UP_PAUSES.any? do |pause|
          sleep(pause)
          look_up(started, limit)
        end
      rescue Error => e
        report(e)
      end
    end

    # Whether the sandbox was found. It is removed unless it is older than the create.
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
      true # no time, or not a valid one
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def report(error)
      warn("agentkernel: the sandbox #{@name} could not be removed: #{error.message}")
    end
  end

  # Sandboxes that are removed.
  class Client
    # A sandbox for the duration of a block: created before it, removed however it is left; the result is the block's.
    # Options are those of create_sandbox.
    #
    #     client.sandbox("test", image: "python:3.12-alpine") { |sb| sb.run(["pip", "install", "numpy"]) }
    #
    # Without a block, a SandboxSession that is created by its first use and ended by remove.
    def sandbox(name, **options, &block)
      session = SandboxSession.new(self, name, **options)
      block ? session.open(&block) : session
    end
  end
end
