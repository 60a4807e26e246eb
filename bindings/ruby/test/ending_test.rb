# frozen_string_literal: true

require_relative "ending/endings"

class EndingTest < Kit::Test
  include Endings
end
