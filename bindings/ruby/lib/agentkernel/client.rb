# frozen_string_literal: true

module AgentKernel
  # A client of agentkernel. Any number of threads may share it; a forked child may continue to use it.
  #
  #     client = AgentKernel::Client.new
  #     client.run(["echo", "hello"]).text  # => "hello\n"
  #
  # Every method takes timeout: and connect_timeout: in seconds, instead of the client's; Float::INFINITY is no timeout,
  # 0 leaves no time, nil is the client's. An option that is nil counts as not given. All failures are
  # AgentKernel::Error; wrong types are TypeError, and keywords that an operation does not take are ArgumentError. Names
  # have 1 to 63 letters, digits, hyphens and underscores, and paths are absolute.
  class Client
    # New client; with a block, yields it, closes it however the block is left, and returns the block's result.
    def self.open(**settings)
      client = new(**settings)
      return client unless block_given?

      begin
        yield client
      ensure
        client.close
      end
    end

    # Makes a call of any operation by its name, and yields its records as they arrive; without a block, returns all of
    # them in an Array. The methods of the operations call this and return the usual result.
    def call(operation, **arguments, &block)
      records = []
      finish(prepare(operation, **arguments), &block || records.method(:<<))
      block ? nil : records
    end

    # The URL of the server.
    def base_url = Raw.client_text(handle, Raw::CLIENT_BASE_URL)

    # Closes the connections that are not in use. Calls in flight are completed.
    def close
      handle = @handle
      @handle = nil
      Raw.client_free(handle) if handle
    end

    def closed? = @handle.nil?

    def inspect
      "#<#{self.class.name} #{closed? ? 'closed' : base_url}>"
    end

    # A call that is bound but not sent yet. For this library's own use, as is finish.
    def prepare(operation, **arguments)
      Backtrace.trimmed do
        known = OPERATIONS[operation.to_s.to_sym] or raise ArgumentError, "no operation #{operation.inspect}"
        Call.new(handle, known, arguments)
      end
    end

    # Runs a call until it ends.
    def finish(call, &)
      call.each(&)
    ensure
      call.close
    end

    private

    def handle
      @handle or raise Error.new("the client is closed", code: "AK_E_STATE")
    end

    def one(operation, **arguments) = call(operation, **arguments).first

    def set(name, value)
      setting, type = SETTINGS[name]
      Backtrace.trimmed do
        case type
        when :text then Raw.client_set_text(@handle, setting, Operation.text(name, value))
        when :timeout then Raw.client_set_int(@handle, setting, Operation.milliseconds(name, value))
        when :int then Raw.client_set_int(@handle, setting, Operation.integer(name, value))
        else raise ArgumentError, "unknown keyword: #{name.inspect}"
        end
      end
    end
  end
end
