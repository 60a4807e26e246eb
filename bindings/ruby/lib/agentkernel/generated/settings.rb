# Generated from abi/schema by tools/generate: do not edit.
# frozen_string_literal: true

module AgentKernel
  # Its settings.
  class Client
    # By option: the library's setting, and its type.
    SETTINGS = {
      base_url: [Raw::CLIENT_BASE_URL, :text],
      api_key: [Raw::CLIENT_API_KEY, :text],
      timeout: [Raw::CLIENT_TIMEOUT_MS, :timeout],
      connect_timeout: [Raw::CLIENT_CONNECT_TIMEOUT_MS, :timeout],
      idle_timeout: [Raw::CLIENT_IDLE_TIMEOUT_MS, :timeout],
      total_timeout: [Raw::CLIENT_TOTAL_TIMEOUT_MS, :timeout],
      ca_file: [Raw::CLIENT_CA_FILE, :text],
      ca_dir: [Raw::CLIENT_CA_DIR, :text],
      cert_file: [Raw::CLIENT_CERT_FILE, :text],
      key_file: [Raw::CLIENT_KEY_FILE, :text],
      proxy: [Raw::CLIENT_PROXY, :text],
      no_proxy: [Raw::CLIENT_NO_PROXY, :text],
      max_reply_bytes: [Raw::CLIENT_MAX_REPLY_BYTES, :int],
      max_event_bytes: [Raw::CLIENT_MAX_EVENT_BYTES, :int],
      user_agent: [Raw::CLIENT_USER_AGENT, :text],
      max_idle: [Raw::CLIENT_MAX_IDLE, :int],
      local_program: [Raw::CLIENT_LOCAL_PROGRAM, :text]
    }.freeze
    private_constant :SETTINGS

    # Makes a client; nothing is sent. What is not given comes from the environment, or is the default.
    #
    # base_url:: The server: http://, https://, unix:///path.sock, or local: for one of this process's own.
    #   Default: AGENTKERNEL_BASE_URL, else http://localhost:18888.
    # api_key:: The API key; write-only. Default: AGENTKERNEL_API_KEY, else none.
    # timeout:: Seconds for a unary call, from its first step to the last byte. Default: 30.
    # connect_timeout:: Seconds for connecting, of streams too. Default: 10.
    # idle_timeout:: Seconds that a stream may be silent after its first byte. Default: 60.
    # total_timeout:: Seconds for a whole stream. Default: none.
    # ca_file:: File of trusted certificates (PEM). Default: AGENTKERNEL_CA_FILE, else the system's.
    # ca_dir:: Hashed directory of trusted certificates. Default: AGENTKERNEL_CA_DIR, else the system's.
    # cert_file:: Client certificate (PEM). Default: AGENTKERNEL_CERT_FILE, else none.
    # key_file:: Private key of the client certificate (PEM). Default: AGENTKERNEL_KEY_FILE, else none.
    # proxy:: URL of a proxy. Those of the environment are not used for loopback addresses. Default: http_proxy,
    #   https_proxy, all_proxy, else none.
    # no_proxy:: Hosts that are reached without a proxy, separated by commas. Default: no_proxy, else none.
    # max_reply_bytes:: Maximum size of the reply of a unary call. Default: 64 MiB.
    # max_event_bytes:: Maximum size of an event of a stream. Default: 64 MiB.
    # user_agent:: Text appended to the user agent "libagentkernel/VERSION". Default: none.
    # max_idle:: Number of idle connections kept for later calls; 0 keeps none. Default: 64.
    # local_program:: Absolute path of the agentkernel-local that local: starts. Default: AGENTKERNEL_LOCAL, else
    #   the one that comes with the library or is in PATH.
    def initialize(**settings)
      @handle = Raw.client_new
      settings.each { |name, value| set(name, value) unless value.nil? }
    end
  end
end
