# frozen_string_literal: true

require_relative "conformance"
require "async"

class ConformanceTest < Kit::Test
  Dir.glob("#{Conformance::FOLDER}/cases/*.json").each do |path|
    Conformance.load(path).each do |one|
      define_method("test_#{one['id']}") { Timeout.timeout(2 * Kit::PATIENCE) { Conformance.run(one, :by_method) } }

      # Calls by the general method, under a fiber scheduler.
      define_method("test_#{one['id']}_async") do
        Async { Conformance.run(one, :by_name) }.wait
      end

      next unless Conformance.streamed?(one)

      define_method("test_#{one['id']}_by_piece") do
        Timeout.timeout(2 * Kit::PATIENCE) { Conformance.run(one, :by_piece) }
      end
    end
  end

  def test_cases_are_there
    assert_operator Dir.glob("#{Conformance::FOLDER}/cases/*.json").size, :>=, 2
  end

  # Each of these cases has one mistake.
  Conformance.load("#{Conformance::FOLDER}/must_fail.json").each do |one|
    define_method("test_must_fail_#{one['id']}") do
      assert_raises(StandardError) { Conformance.run(one, :by_name, patience: 0.2) }
    end
  end
end
