# frozen_string_literal: true

# From packages alone: a command, a stream, a sandbox and its files by local:, and a command through a TLS connection.

require "agentkernel"

def same(wanted, got)
  raise "#{got.inspect} where #{wanted.inspect} was wanted" unless wanted == got
end

AgentKernel::Client.open(base_url: "local:") do |client|
  print client.run(%w[echo hello]).text
  text = +""
  client.run_stream(["sh", "-c", "echo one; echo two"]) { |event| text << event.text if event.output? }
  same "one\ntwo\n", text
  client.sandbox("check-ruby") do |sb|
    sb.write_file("/tmp/data", "\x00\xFF".b)
    same "\x00\xFF".b, sb.read_file("/tmp/data").content
    same "2", sb.run(["sh", "-c", "wc -c </tmp/data"]).text.strip
  end
end
AgentKernel::Client.open(base_url: ENV.fetch("CHECK_URL"), ca_file: ENV.fetch("CHECK_CA")) do |client|
  same "safe\n", client.run(%w[echo safe]).text
end
same [], File.readlines("/proc/self/maps").grep(/lib(curl|cjson)/)
