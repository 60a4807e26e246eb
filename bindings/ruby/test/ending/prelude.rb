# frozen_string_literal: true

# Loaded by the programs of endings.rb: objects that hold handles of the library, in each state in which they can be
# left, in an order that depends on the seed.

require "agentkernel"
require "stringio"
require "weakref"

ANSWERING, SILENT, seed = ARGV
RANDOM = Random.new(Integer(seed))
$stdout.sync = true

# Objects that are left to the collector, or to the interpreter's end.
module Ending
  # Errors that a user's finalizer may get from objects that are freed or being freed. Anything else is a fault.
  MEETS = [AgentKernel::Error, WeakRef::RefError, StopIteration, EOFError, IOError, FiberError].freeze

  # A content with one piece, and then no more.
  Endless = Struct.new(:begun) do
    def readpartial(_maxlen, buffer)
      sleep if begun
      self.begun = true
      buffer.replace("piece")
    end
  end

  @finalized = 0

  class << self
    attr_reader :finalized

    def client(url = ANSWERING) = AgentKernel::Client.new(base_url: url)

    # New, running, half read, in the middle of a content, closed; a fiber that is not resumed; records, a handle.
    def things(one)
      streams = [:inspect, :next, :peek, [:readpartial, 2], :close].map do |state|
        one.run_stream(["x"]).tap { |stream| stream.public_send(*state) }
      end
      content = one.prepare(:write_file, name: "sb", path: "/x").tap { |call| call.write("begun") }
      left = Fiber.new { one.run_stream(["x"]) { Fiber.yield } }.tap(&:resume)
      [*streams, content, left, one.open_file("sb", "/x"), one.open_file("sb", "/x").tap { |file| file.readpartial(2) },
       one.sandbox("sb"), one.sandbox("sb").tap { |sb| sb.run(["x"]) }, one.prepare(:health), one.call(:health),
       AgentKernel::Raw.client_new, one].shuffle(random: RANDOM)
    end

    # Threads that wait: for an event, a piece of a file, a reply, more to write, and in a sandbox.
    def waiting(one = client(SILENT))
      ways = [-> { one.run_stream(["x"]) { nil } }, -> { one.open_file("sb", "/x", &:read) },
              -> { one.request("GET", "/x") }, -> { one.write_file("sb", "/x", Endless.new) },
              -> { one.sandbox("sb") { sleep } }]
      ways.shuffle(random: RANDOM).map { |way| Thread.new(&way) }.each { |each| Thread.pass until each.stop? }
    end

    # Uses a thing by its public methods, in any state.
    def use(thing)
      case thing
      when AgentKernel::Client then thing.health
      when AgentKernel::FileReader then thing.readpartial(9)
      when AgentKernel::SandboxSession then thing.remove
      when AgentKernel::Raw::Client then AgentKernel::Raw.client_text(thing, AgentKernel::Raw::CLIENT_BASE_URL)
      when Fiber then thing.resume if thing.alive?
      when Array then thing.each(&:status)
      when WeakRef then use(thing.__getobj__)
      else thing.next # a stream or a call
      end
    rescue *MEETS
      nil
    end

    # Uses others when the thing is freed, which is collected only if they do not refer to it.
    def at_end(thing, *others)
      ObjectSpace.define_finalizer(thing, finalizer(others))
    end

    private

    def finalizer(others)
      lambda do |_|
        @finalized += 1
        others.each { |other| use(other) }
      rescue Exception => e # rubocop:disable Lint/RescueException
        puts "a finalizer met #{e.full_message}"
      end
    end
  end
end
