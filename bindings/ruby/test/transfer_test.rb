# frozen_string_literal: true

require_relative "kit"
require "async"
require "stringio"

# Transfers of files: progress, interruptions, and forks meanwhile.
class TransferTest < Kit::Test
  HALF = "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" \
         '{"success": true, "data": {"encoding": "utf8", "content": "half of it'

  # A server that reads no content before it is released, and sends half a file, then nothing until the client leaves.
  def halting
    fault(receive_buffer: 4096,
          rules: [{method: "PUT", read: "head", times: "always", steps: [{wait: "release"}, {read: "body"}]},
                  {method: "GET", times: "always", steps: [{text: HALF}, {wait: "close"}]}])
  end

  # A folder with a file to send, and one that must remain unchanged.
  def in_folder
    Dir.mktmpdir do |folder|
      File.write("#{folder}/from", "x" * 8_000_000)
      File.write("#{folder}/into", "old")
      yield folder
      assert_equal %w[from into], Dir.children(folder).sort
      assert_equal "old", File.read("#{folder}/into")
    end
  end

  def test_they_tell_how_far_they_are
    bytes = Random.bytes(300_000)
    Dir.mktmpdir do |folder|
      File.binwrite("#{folder}/from", bytes)
      client.sandbox("ruby-transfer-#{Process.pid}") do |sb|
        up = []
        assert_nil(sb.upload("#{folder}/from", "/tmp/x") { |done| up << done })
        down = []
        assert_equal(300_000, sb.download("/tmp/x", "#{folder}/into") { |done| down << done })
        [up, down].each do |told|
          assert_operator told.size, :>, 1
          assert_equal [told.sort.uniq, 300_000], [told, told.last]
        end
      end
      assert_equal bytes, File.binread("#{folder}/into")
    end
  end

  def test_a_link_stays_a_link
    server = reply({success: true, data: {encoding: "utf8", content: "new", size: 3}})
    Dir.mktmpdir do |folder|
      File.write("#{folder}/target", "old")
      File.symlink("target", "#{folder}/link")
      assert_equal 3, client(server.url).download("sb", "/x", "#{folder}/link")
      assert_equal %w[target new], [File.readlink("#{folder}/link"), File.read("#{folder}/target")]
    end
  end

  # A device or a pipe would be replaced by a file.
  def test_only_a_file_is_downloaded_into
    server = hanging
    Dir.mktmpdir do |folder|
      File.mkfifo("#{folder}/pipe")
      ["#{folder}/pipe", folder].each do |into|
        error = assert_raises(Errno::EINVAL) { client(server.url).download("sb", "/x", into) }
        assert_includes error.message, "not a regular file: #{File.realpath(into)}"
      end
      assert_equal "fifo", File.ftype("#{folder}/pipe")
    end
    assert_empty server.requests
  end

  WAYS = {upload: ->(one, folder, &told) { one.upload("sb", "#{folder}/from", "/x", &told) },
          write: ->(one, _, &_told) { one.write_file("sb", "/x", StringIO.new("x" * 8_000_000)) },
          download: ->(one, folder, &told) { one.download("sb", "/x", "#{folder}/into", &told) },
          read: lambda do |one, _, &told|
            one.open_file("sb", "/x") { |file| told ? file.each_piece(&told) : file.read }
          end}.freeze

  # Each takes the client, the way and the folder, and a block that waits until the call is in flight.
  INTERRUPTIONS = {
    timeout: lambda do |one, way, folder, &_|
      Timeout.timeout(0.1) { way.call(one, folder) }
    rescue Timeout::Error
      :interrupted
    end,
    kill: lambda do |one, way, folder, &under_way|
      thread = Thread.new { way.call(one, folder) }
      under_way.call
      thread.kill
      thread.join(Kit::PATIENCE) && :interrupted
    end,
    raise: lambda do |one, way, folder, &under_way|
      thread = Thread.new { way.call(one, folder) }
      thread.report_on_exception = false
      under_way.call
      thread.raise(KeyError)
      thread.join(Kit::PATIENCE)
    rescue KeyError
      :interrupted
    end,
    scheduler: lambda do |one, way, folder, &_|
      Sync { |task| task.with_timeout(0.1) { way.call(one, folder) } }
    rescue Async::TimeoutError
      :interrupted
    end
  }.freeze

  WAYS.each do |name, way|
    INTERRUPTIONS.each do |how, interrupt|
      define_method("test_#{name}_interrupted_by_#{how}") do
        server = halting
        one = client(server.url)
        in_folder do |folder|
          before = nil
          (1..5).each do |round|
            under_way = -> { server.await("requests", round) }
            assert_equal :interrupted, interrupt.call(one, way, folder, &under_way)
            before ||= descriptors
          end
          server.release("always")
          server.await("client_ended", server.counts["connections"])
          assert_operator descriptors, :<=, before
        end
      end
    end
  end

  # However its block is left, the transfer ends.
  LEAVING = {break: ->(_) { break :left },
             throw: ->(_) { throw :out, :left },
             raise: ->(_) { raise KeyError }}.freeze

  %i[upload download read].each do |name|
    define_method("test_#{name}_that_its_block_leaves") do
      server = halting
      one = client(server.url)
      in_folder do |folder|
        assert_equal(:left, leave_by_break(name, one, folder))
        assert_equal(:left, catch(:out) { WAYS[name].call(one, folder) { throw :out, :left } })
        assert_raises(KeyError) { WAYS[name].call(one, folder) { raise KeyError } }
        server.release("always")
        server.await("client_ended", 3)
      end
    end
  end

  def leave_by_break(name, one, folder)
    case name
    when :upload then one.upload("sb", "#{folder}/from", "/x") { break :left }
    when :download then one.download("sb", "/x", "#{folder}/into") { break :left }
    else one.open_file("sb", "/x") { |file| break file.readpartial(9) && :left }
    end
  end

  # ---- fork

  # The child continues the call in which it was forked, fails, makes its own call, and ends normally. Only then the
  # parent continues.
  def test_a_fork_in_the_middle_of_a_write
    server = rules({method: "PUT", steps: [{reply: {json: {success: true}}}]},
                   {method: "POST", steps: [{reply: {json: OK}}]})
    code = <<~RUBY
      require "agentkernel"
      Source = Struct.new(:left, :child) do
        def readpartial(maxlen, buffer)
          raise EOFError if left.zero?

          self.left -= 1
          Process.wait(child) if left == 5 && (self.child = fork)
          buffer.replace(left.to_s * maxlen)
        end
      end
      client = AgentKernel::Client.new(base_url: ARGV[0])
      begin
        client.write_file("sb", "/x", source = Source.new(10))
      rescue AgentKernel::Error => e
        print e.code, " ", client.run(["x"]).text
        exit
      end
      print source.child.positive?, " ", $?.success?
    RUBY
    assert_equal "AK_E_FORKED hello\ntrue true", ruby(code, server.url)
    assert_equal [9.downto(0).map { |left| left.to_s * 65_536 }.join], server.written
    assert_equal 2, server.counts["connections"]
  end

  def test_a_fork_in_the_middle_of_a_read
    first = '{"success": true, "data": {"encoding": "utf8", "content": "first'
    last = ' second"}}'
    head = "HTTP/1.1 200 OK\r\nContent-Length: #{(first + last).bytesize}\r\n\r\n"
    server = rules({method: "GET", steps: [{text: head + first}, {wait: "release"}, {text: last}]},
                   {method: "POST", steps: [{reply: {json: OK}}]})
    code = <<~RUBY
      require "agentkernel"
      $stdout.sync = true
      client = AgentKernel::Client.new(base_url: ARGV[0])
      reader = client.open_file("sb", "/x")
      print reader.readpartial(99), " "
      unless (child = fork)
        begin
          reader.read
        rescue AgentKernel::Error => e
          print e.code, " ", client.run(["x"]).text
        end
        exit
      end
      Process.wait(child)
      puts "parent"
      print $?.success?, reader.read
    RUBY
    told = Thread.new { ruby(code, server.url) }
    server.await("requests", 2)
    server.release
    assert_equal "first AK_E_FORKED hello\nparent\ntrue second", told.value
  end
end
