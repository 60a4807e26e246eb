# frozen_string_literal: true

module AgentKernel
  # An operation. It is looked up in the library's tables when it is first used.
  class Operation
    # A parameter: its name in Ruby, its key and type in the library.
    Parameter = Struct.new(:name, :key, :type, :timeout)

    # An integer of more than 64 bits is as invalid as the largest one, and the library's message says why.
    INTEGERS = (-(2**63)..((2**63) - 1))
    private_constant :Parameter, :INTEGERS

    # Milliseconds, as the library takes timeouts. Infinity is no timeout.
    def self.milliseconds(name, seconds)
      unless seconds.is_a?(Numeric) && seconds.real?
        raise TypeError, "#{name} must be a number of seconds, not #{seconds.class}"
      end
      return Raw::TIMEOUT_NONE if seconds == Float::INFINITY

      refuse("#{name}: must be 0 or more seconds, or Float::INFINITY for none") unless seconds >= 0
      (seconds * 1000).ceil.clamp(0, 2**62)
    end

    # Raises the same error as the library for an invalid argument.
    def self.refuse(message)
      raise ValidationError.new(message, code: "AK_E_ARGUMENT", phase: "bind", sent: Raw::SENT_NOTHING)
    end

    # A String, or an object that converts to one, unchanged.
    def self.text(name, value)
      String.try_convert(value) or raise TypeError, "#{name} must be a String, not #{value.class}"
    end

    def self.integer(name, value)
      raise TypeError, "#{name} must be an Integer, not #{value.class}" unless value.is_a?(Integer)

      value.clamp(INTEGERS)
    end

    # Its name, and the class of its records.
    attr_reader :name, :record

    def initialize(name, record)
      @name = name
      @record = record
    end

    def id
      @id ||= begin
        number = Raw.constant("AK_OP_#{name.upcase}")
        raise NotImplementedError, "this libagentkernel has no operation #{name}" if number == :absent

        number
      end
    end

    # Its parameters, by name.
    def parameters
      @parameters ||= keys.to_h do |key|
        name = Raw.key_name(key)
        timeout = name.end_with?("timeout_ms")
        name = name.delete_suffix("_ms") if timeout
        name = "timeout" if name == "total_timeout" # it bounds a whole stream as timeout bounds any other call
        [name.to_sym, Parameter.new(name, key, Raw.parameter_type(id, key), timeout)]
      end
    end

    # Binds the arguments that are not nil to a call.
    def bind(call, arguments)
      arguments.each do |name, value|
        parameter = parameters[name] or raise ArgumentError, "unknown keyword: #{name.inspect}"
        bind_value(call, parameter, value) unless value.nil?
      end
    end

    private

    def keys
      (0..).lazy.map { |index| Raw.parameter_at(id, index) }.take_while(&:positive?).to_a
    end

    def bind_value(call, parameter, value)
      case parameter.type
      when Raw::TYPE_INT then Raw.call_set_int(call, parameter.key, number(parameter, value))
      when Raw::TYPE_BOOL then Raw.call_set_int(call, parameter.key, flag(parameter, value))
      when Raw::TYPE_LIST, Raw::TYPE_MAP, Raw::TYPE_LISTS then bind_entries(call, parameter, value)
      else Raw.call_set_text(call, parameter.key, text(parameter, value))
      end
    end

    def text(parameter, value)
      case parameter.type
      when Raw::TYPE_BYTES then String.try_convert(value)&.b || wrong(parameter, "a String", value)
      when Raw::TYPE_JSON then json(parameter, value)
      else value.is_a?(Symbol) ? value.name : Operation.text(parameter.name, value)
      end
    end

    def json(parameter, value)
      Text.json.generate(value, max_nesting: Text::MAX_NESTING)
    rescue JSON::JSONError => e
      raise ArgumentError, "#{parameter.name} cannot be JSON: #{e.message}"
    end

    # Also a Hash for env, which is a list of "NAME=VALUE" in the library.
    def bind_entries(call, parameter, value)
      if (map = Hash.try_convert(value)) && parameter.type != Raw::TYPE_LISTS
        bind_map(call, parameter, map)
      elsif (list = Array.try_convert(value)) && parameter.type != Raw::TYPE_MAP
        bind_list(call, parameter, list)
      else
        wrong(parameter, parameter.type == Raw::TYPE_MAP ? "a Hash" : "an Array", value)
      end
    end

    # An empty map is bound, too: it removes labels, while none leaves them unchanged.
    def bind_map(call, parameter, map)
      Raw.call_set_text(call, parameter.key, "") if map.empty? && parameter.type == Raw::TYPE_MAP
      map.each do |name, text|
        name = name.is_a?(Symbol) ? name.name : Operation.text("each name of #{parameter.name}", name)
        Raw.call_put_text(call, parameter.key, name, Operation.text("each value of #{parameter.name}", text))
      end
    end

    def bind_list(call, parameter, list)
      return add_texts(call, parameter, list) unless parameter.type == Raw::TYPE_LISTS

      list.each do |entry|
        texts = Array.try_convert(entry) or
          raise TypeError, "each entry of #{parameter.name} must be an Array, not #{entry.class}"
        Raw.call_add_list(call, parameter.key)
        add_texts(call, parameter, texts)
      end
    end

    def add_texts(call, parameter, texts)
      texts.each do |text|
        Raw.call_add_text(call, parameter.key, Operation.text("each entry of #{parameter.name}", text))
      end
    end

    def wrong(parameter, wanted, value)
      raise TypeError, "#{parameter.name} must be #{wanted}, not #{value.class}"
    end

    def number(parameter, value)
      parameter.timeout ? Operation.milliseconds(parameter.name, value) : Operation.integer(parameter.name, value)
    end

    def flag(parameter, value)
      case value
      when true then 1
      when false then 0
      else wrong(parameter, "true or false", value)
      end
    end
  end
  private_constant :Operation
end
