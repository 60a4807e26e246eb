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
    TEXTS = %i[base_url api_key ca_file ca_dir cert_file key_file proxy no_proxy user_agent].freeze
    TIMEOUTS = %i[timeout connect_timeout idle_timeout total_timeout].freeze
    NUMBERS = %i[max_reply_bytes max_event_bytes max_idle].freeze
    private_constant :TEXTS, :TIMEOUTS, :NUMBERS

    # Makes a client and, with a block, yields it, closes it however the block is left, and returns the block's result.
    def self.open(**settings)
      client = new(**settings)
      return client unless block_given?

      begin
        yield client
      ensure
        client.close
      end
    end

    # Makes a client; nothing is sent. A setting that is not given comes from the environment, or is the default.
    #
    # base_url::        http://, https://, unix:///path.sock, or local: for a server of this process's own;
    #                   AGENTKERNEL_BASE_URL; http://localhost:18888
    # api_key::         AGENTKERNEL_API_KEY; none
    # timeout::         bounds every call but streams, from its first step to the last byte of its reply; 30
    # connect_timeout:: bounds connecting, of streams too; 10
    # idle_timeout::    bounds the silence of a stream after its first byte; 60
    # total_timeout::   bounds a whole stream; none
    # ca_file, ca_dir:: certificates to trust, PEM or a hashed directory; AGENTKERNEL_CA_FILE, AGENTKERNEL_CA_DIR; the
    #                   system's
    # cert_file, key_file:: the client's certificate and private key, PEM; AGENTKERNEL_CERT_FILE, AGENTKERNEL_KEY_FILE
    # proxy, no_proxy:: URL of a proxy, and hosts without one; http_proxy, https_proxy, all_proxy, no_proxy. Loopback
    #                   goes without unless proxy is set
    # max_reply_bytes, max_event_bytes:: the longest reply of a call and the longest event of a stream; 64 MiB each
    # user_agent::      appended to the library's own
    # max_idle::        how many connections are kept for later calls; 64
    def initialize(**settings)
      @handle = Raw.client_new
      settings.each do |name, value|
        set(name, value) unless value.nil?
      end
    end

    # Makes a call of any operation by its name, and yields its records as they arrive; without a block, returns all of
    # them in an Array. The methods of the operations do this and return what is usual.
    def call(operation, **arguments, &block)
      records = []
      finish(prepare(operation, **arguments), &block || records.method(:<<))
      block ? nil : records
    end

    # Where the server is.
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

    # A call that is bound and not sent yet. For this library's own use, as is finish.
    def prepare(operation, **arguments)
      known = OPERATIONS[operation.to_s.to_sym] or raise ArgumentError, "no operation #{operation.inspect}"
      Call.new(handle, known, arguments)
    end

    # Runs a call to its end.
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
      if TEXTS.include?(name)
        Raw.client_set_text(@handle, Raw.const_get("CLIENT_#{name.upcase}"), Operation.text(name, value))
      elsif TIMEOUTS.include?(name)
        Raw.client_set_int(@handle, Raw.const_get("CLIENT_#{name.upcase}_MS"), Operation.milliseconds(name, value))
      elsif NUMBERS.include?(name)
        Raw.client_set_int(@handle, Raw.const_get("CLIENT_#{name.upcase}"), Operation.integer(name, value))
      else
        raise ArgumentError, "unknown keyword: #{name.inspect}"
      end
    end
  end
end
