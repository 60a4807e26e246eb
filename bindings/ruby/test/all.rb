# frozen_string_literal: true

require "minitest/autorun"
Dir.glob("*_test.rb", base: __dir__).each { |name| require_relative name }
