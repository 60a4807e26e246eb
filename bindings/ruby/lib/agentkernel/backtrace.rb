# frozen_string_literal: true

require "rbconfig"

module AgentKernel
  # Backtraces that begin at the caller's line: the frames of this library are left out. With $DEBUG (ruby -d) they are
  # kept.
  module Backtrace
    LIBRARY = "#{__dir__}/".freeze
    # Where frames are that this library calls, and that call its blocks.
    RUBY = ["<internal:", "#{RbConfig::CONFIG.fetch('rubylibdir')}/"].freeze
    private_constant :LIBRARY, :RUBY

    # Frames, as strings or locations, without those of this library and of what of Ruby's own it calls. Those of a
    # caller's block stay.
    def self.trim(frames)
      return frames if frames.nil? || $DEBUG

      inside = false
      outer = frames.reverse.reject do |frame|
        inside = frame.to_s.start_with?(LIBRARY) || (inside && frame.to_s.start_with?(*RUBY))
      end
      outer.empty? ? frames : outer.reverse
    end

    # Raises an error that is not one of this library's own classes.
    def self.refuse(type, message) = raise(type, message, trim(caller))

    # Runs the block; what it raises about wrong arguments and local files begins at the caller's line.
    def self.trimmed
      yield
    rescue ArgumentError, TypeError, SystemCallError => e
      e.set_backtrace(trim(e.backtrace))
      raise
    end
  end
  private_constant :Backtrace
end
