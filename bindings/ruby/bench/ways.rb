# frozen_string_literal: true

require "agentkernel"
require "json"
require "net/http"
require "stringio"

# The same work in two ways: by Net::HTTP with json, on one persistent connection, and by this library. Each way runs
# its case a number of times, and returns the number of units (calls, events).
module Ways
  URL = ENV.fetch("AK_BENCH_URL")
  SMALL = ["small", 100_000, 15_000_000].freeze
  LARGE = ["large", 10_000, 163_840_000].freeze
  FILE = ((0..255).to_a.pack("C*") * 46_875) # the same as the server's

  # Typical client code for an API with events.
  class Plain
    HEADERS = {"Content-Type" => "application/json"}.freeze
    FILE_PATH = "/sandboxes/bench/files/tmp/x"

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

    def read_file
      JSON.parse(@http.get(FILE_PATH).body)["data"]["content"].unpack1("m0")
    end

    def write_file(content)
      body = JSON.generate(encoding: "base64", content: [content].pack("m0"))
      reply = JSON.parse(@http.put(FILE_PATH, body, HEADERS).body)
      raise reply["error"] unless reply["success"]
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

  def plain_read_file(times)
    plain = Plain.new
    times.times { check(plain.read_file == FILE, true) }
    times
  end

  def our_read_file(times)
    client = AgentKernel::Client.new(base_url: URL)
    times.times { check(client.read_file("bench", "/tmp/x").content == FILE, true) }
    times
  end

  def our_open_file(times)
    client = AgentKernel::Client.new(base_url: URL)
    times.times do
      total = 0
      client.open_file("bench", "/tmp/x") { |file| file.each_piece { |piece| total += piece.bytesize } }
      check(total, FILE.bytesize)
    end
    times
  end

  def plain_write_file(times)
    plain = Plain.new
    times.times { plain.write_file(FILE) }
    times
  end

  def our_write_file(times)
    client = AgentKernel::Client.new(base_url: URL)
    times.times { client.write_file("bench", "/tmp/x", FILE) }
    times
  end

  def our_write_from(times)
    client = AgentKernel::Client.new(base_url: URL)
    times.times { client.write_file("bench", "/tmp/x", StringIO.new(FILE), size: FILE.bytesize) }
    times
  end

  # Name, repetitions of warm-up and measurement, and the ways; the others are compared to the first.
  CASES = [
    ["run", 200, 2000, {"Net::HTTP" => method(:plain_run), "agentkernel" => method(:our_run)}],
    ["events 150 B", 0, 1, {"Net::HTTP" => ->(times) { plain_events(times, SMALL) },
                            "agentkernel" => ->(times) { our_events(times, SMALL) },
                            "agentkernel readpartial" => ->(times) { our_read(times, SMALL) }}],
    ["events 16 KiB", 0, 1, {"Net::HTTP" => ->(times) { plain_events(times, LARGE) },
                             "agentkernel" => ->(times) { our_events(times, LARGE) },
                             "agentkernel readpartial" => ->(times) { our_read(times, LARGE) }}],
    ["read file 12 MB", 1, 5, {"Net::HTTP" => method(:plain_read_file), "agentkernel" => method(:our_read_file),
                               "agentkernel open_file" => method(:our_open_file)}],
    ["write file 12 MB", 1, 5, {"Net::HTTP" => method(:plain_write_file), "agentkernel" => method(:our_write_file),
                                "agentkernel from an IO" => method(:our_write_from)}]
  ].freeze
end
