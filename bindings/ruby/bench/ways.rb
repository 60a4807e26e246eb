# frozen_string_literal: true

require "agentkernel"
require "json"
require "net/http"

# The same work in two ways: by Net::HTTP with json, on one connection that is kept, and by this library. Each way does
# its case so many times, and says how many units (calls, events) that were.
module Ways
  URL = ENV.fetch("AK_BENCH_URL")
  SMALL = ["small", 100_000, 15_000_000].freeze
  LARGE = ["large", 10_000, 163_840_000].freeze

  # Client code as one writes it for an API with events.
  class Plain
    HEADERS = {"Content-Type" => "application/json"}.freeze

    def initialize
      uri = URI(URL)
      @http = Net::HTTP.start(uri.host, uri.port)
    end

    def run
      body = JSON.generate(command: %w[echo hello], fast: false)
      reply = JSON.parse(@http.post("/run", body, HEADERS).body)
      raise reply["error"] unless reply["success"]

      reply["data"]["output"]
    end

    def events(command)
      request = Net::HTTP::Post.new("/run/stream", HEADERS)
      request.body = JSON.generate(command: [command], fast: false)
      @http.request(request) do |response|
        rest = +""
        response.read_body do |chunk|
          *whole, rest = (rest << chunk).split("\n\n", -1)
          whole.each { |event| yield(*parse(event)) }
        end
      end
    end

    def parse(event)
      type = data = nil
      event.each_line(chomp: true) do |line|
        if line.start_with?("data: ") then data = line.delete_prefix("data: ")
        elsif line.start_with?("event: ") then type = line.delete_prefix("event: ")
        end
      end
      [type, JSON.parse(data)]
    end
  end

  module_function

  def check(found, wanted)
    raise "#{found} instead of #{wanted}" unless found == wanted
  end

  def plain_run(times)
    plain = Plain.new
    times.times { check(plain.run, "hello\n") }
    times
  end

  def our_run(times)
    client = AgentKernel::Client.new(base_url: URL)
    times.times { check(client.run(%w[echo hello]).text, "hello\n") }
    times
  end

  def plain_events(times, kind)
    plain = Plain.new
    times.times do
      count = total = 0
      plain.events(kind[0]) { |type, data| (count += 1) && total += data["data"].bytesize if type == "output" }
      check([count, total], kind.drop(1))
    end
    times * kind[1]
  end

  def our_events(times, kind)
    client = AgentKernel::Client.new(base_url: URL)
    times.times do
      count = total = 0
      client.run_stream([kind[0]]) { |event| (count += 1) && total += event.data.bytesize if event.type == "output" }
      check([count, total], kind.drop(1))
    end
    times * kind[1]
  end

  def our_read(times, kind)
    client = AgentKernel::Client.new(base_url: URL)
    times.times { check(read_all(client.run_stream([kind[0]])), kind[2]) }
    times * kind[1]
  end

  def read_all(stream)
    buffer = String.new(capacity: 65_536)
    total = 0
    loop { total += stream.readpartial(65_536, buffer).bytesize }
  rescue EOFError
    total
  end

  # Name, how often before and while measuring, and the ways; the others are compared to the first.
  CASES = [
    ["run", 200, 2000, {"Net::HTTP" => method(:plain_run), "agentkernel" => method(:our_run)}],
    ["events 150 B", 0, 1, {"Net::HTTP" => ->(times) { plain_events(times, SMALL) },
                            "agentkernel" => ->(times) { our_events(times, SMALL) },
                            "agentkernel readpartial" => ->(times) { our_read(times, SMALL) }}],
    ["events 16 KiB", 0, 1, {"Net::HTTP" => ->(times) { plain_events(times, LARGE) },
                             "agentkernel" => ->(times) { our_events(times, LARGE) },
                             "agentkernel readpartial" => ->(times) { our_read(times, LARGE) }}]
  ].freeze
end
