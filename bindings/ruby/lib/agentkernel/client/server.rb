# frozen_string_literal: true

module AgentKernel
  # The server itself.
  class Client
    # Whether the server is there: "ok".
    def health(**options) = one(:health, **options).status

    # What may isolate sandboxes: Backends.
    def get_backends(**options) = one(:get_backends, **options)

    # Its version and ways: a ServerStatus.
    def get_status(**options) = one(:get_status, **options)

    # How much it has to do: a ServerStats.
    def get_stats(**options) = one(:get_stats, **options)

    # Any request (GET, POST, PUT, PATCH or DELETE) of a path with its query: a Reply.
    #
    # body::  what becomes JSON: a Hash, an Array ...
    # check:: false: an answer that is an error is a Reply, too
    def request(method, path, **options) = one(:request, method:, path:, **options)
  end
end
