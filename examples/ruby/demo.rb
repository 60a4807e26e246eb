# frozen_string_literal: true

# A short tour against a running server: a stream, a sandbox that keeps its files, a command that fails, many at once.

require "agentkernel"

def stream(client)
  puts "-- Ruby, run_stream: output as the command writes it"
  ended = client.run_stream(["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.3; done"]) do |event|
    print event.text if event.output?
    $stdout.flush
  end
  puts "(exit code #{ended.exit_code})"
end

def session(client)
  puts "-- Ruby, sandbox: files are kept between commands, the sandbox goes with the block"
  client.sandbox("demo-ruby") do |sb|
    sb.run(["sh", "-c", "echo kept > note.txt"])
    print sb.run(["cat", "note.txt"]).text
    sb.run(["sh", "-c", "echo no luck; exit 3"])
  rescue AgentKernel::CommandError => e
    puts "#{e.text}(#{e.code}, exit code #{e.exit_code})"
  end
end

def at_once(client)
  puts "-- Ruby, threads: ten commands that sleep for half a second"
  started = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  threads = Array.new(10) { |i| Thread.new { client.run(["sh", "-c", "sleep 0.5; echo #{i}"]).text.strip } }
  words = threads.map(&:value).join(" ")
  puts format("%<words>s (%<seconds>.1f s)", words:, seconds: Process.clock_gettime(Process::CLOCK_MONOTONIC) - started)
end

AgentKernel::Client.open do |client|
  stream(client)
  session(client)
  at_once(client)
end
