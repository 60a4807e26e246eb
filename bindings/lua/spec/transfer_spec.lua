--- Copying local files into sandboxes and out of them: against a real server, and with failures.
local agentkernel = require("agentkernel")
local kit = require("spec.kit")

local BYTES = ("\0\255\r\n%é"):rep(40000)
local MADE = '{"json": {"success": true, "data": "Wrote it"}}'
local NONE = '{"status": 404, "json": {"success": false, "error": "Sandbox not found"}}'

local folder

--- A path in a folder that is new for each test.
local function here(name)
	return folder .. "/" .. name
end

local function put(path, bytes)
	local file = assert(io.open(path, "wb"))
	assert(file:write(bytes))
	assert(file:close())
end

local function get(path)
	local file = assert(io.open(path, "rb"))
	local bytes = file:read("*a")
	file:close()
	return bytes
end

local function names()
	return (kit.shell("ls -A '%s'", folder):gsub("\n", " "))
end

local function client_of(url)
	return assert(agentkernel.new({ base_url = url, wait = kit.waiter() }))
end

--- A test that runs with this process's way to wait.
local function test(name, body)
	it(name, function()
		folder = kit.folder() .. "/transfer"
		kit.shell("rm -rf '%s'; mkdir '%s'", folder, folder)
		kit.run(body)
	end)
end

--- In a sandbox of agentkernel-local.
local function test_inside(name, body)
	test(name, function()
		local client = client_of(kit.local_url())
		assert(client:sandbox("lua-transfer-" .. kit.way, function(sb)
			body(sb, client)
			return true
		end))
		client:close()
	end)
end

--- The values of all iterations, and the Error that ended them.
local function turns(transfer)
	local list, totals = {}, {}
	local done, second = transfer:next()
	while done do
		list[#list + 1], totals[#totals + 1] = done, second or false
		done, second = transfer:next()
	end
	return list, totals, second
end

local function rising(list)
	for i = 2, #list do
		if list[i] < list[i - 1] then
			return false
		end
	end
	return true
end

--- A server that sends the head of a file and then runs these steps.
local function breaking_server(ending)
	local text = [[{\"success\":true,\"data\":{\"encoding\":\"utf8\",\"content\":\"]] .. ("x"):rep(100000)
	local reply = '{"reply": {"text": "%s", "headers": {"Content-Type": "application/json", "Content-Length": "900000"}}}'
	return kit.rules('{"times": "always", "steps": [' .. reply:format(text) .. "," .. ending .. "]}")
end

describe("transfers (" .. kit.way .. ")", function()
	test_inside("bring the same bytes in and out", function(sb, client)
		for _, size in ipairs({ 0, 1, 65535, 65536, 65537, #BYTES }) do
			local bytes = BYTES:sub(1, size)
			put(here("from"), bytes)
			put(here("to"), "as it was")
			assert.are.equal(size, sb:upload(here("from"), "/workspace/deep/" .. size))
			assert.is_true(assert(sb:read_file("/workspace/deep/" .. size)).content == bytes)
			assert.are.equal(size, sb:download("/workspace/deep/" .. size, here("to")))
			assert.is_true(get(here("to")) == bytes)
		end
		assert.are.equal(#BYTES, client:upload(sb.name, here("from"), "/workspace/whole", { timeout = 60 }))
		assert.are.equal(#BYTES, client:download(sb.name, "/workspace/whole", here("new"), { timeout = 60 }))
		assert.is_true(get(here("new")) == BYTES)
		assert.are.equal("from new to ", names())
		kit.shell("ln -s to '%s'", here("link"))
		assert.are.equal(1, sb:download("/workspace/deep/1", here("link")))
		assert.are.equal("\0", get(here("to")))
		assert.are.equal("to\n", (kit.shell("readlink '%s'", here("link"))))
	end)

	test_inside("tell how far they are", function(sb)
		put(here("from"), BYTES)
		local list, totals, err = turns(sb:iter_upload(here("from"), "/workspace/x"))
		assert.is_nil(err)
		assert.is_true(#list > 3 and rising(list))
		assert.are.equal(#BYTES, list[#list])
		for _, total in ipairs(totals) do
			assert.are.equal(#BYTES, total)
		end
		list, totals, err = turns(sb:iter_download("/workspace/x", here("to")))
		assert.is_nil(err)
		assert.is_true(#list > 3 and rising(list))
		assert.are.equal(#BYTES, list[#list])
		assert.is_false(totals[1])
		assert.is_true(get(here("to")) == BYTES)
	end)

	test_inside("take what has no size, as pipes and files of /proc have none", function(sb)
		kit.shell("mkfifo '%s'; ({ head -c 100000 /dev/zero >'%s'; } >/dev/null 2>&1 &)", here("pipe"), here("pipe"))
		local list, totals, err = turns(sb:iter_upload(here("pipe"), "/workspace/x"))
		assert.is_nil(err)
		assert.is_true(rising(list))
		assert.are.equal(100000, list[#list])
		assert.is_false(totals[1])
		assert.is_true(assert(sb:read_file("/workspace/x")).content == ("\0"):rep(100000))
		assert.is_true(assert(sb:upload("/proc/self/status", "/workspace/x")) > 0)
		assert.is_truthy(assert(sb:read_file("/workspace/x")).content:find("^Name:"))
	end)

	test_inside("leave no half of a file", function(sb)
		put(here("from"), BYTES)
		local upload = sb:iter_upload(here("from"), "/workspace/x")
		assert.is_true(upload:next() < #BYTES)
		upload:close()
		upload:close()
		assert.is_nil((upload:next()))
		local gone, err = sb:read_file("/workspace/x")
		assert.is_nil(gone)
		assert.are.equal("AK_E_NOT_FOUND", err.code)
		assert(sb:upload(here("from"), "/workspace/x"))
		put(here("to"), "as it was")
		local download = sb:iter_download("/workspace/x", here("to"))
		assert.is_true(download:next() > 0)
		assert.is_truthy(names():find("^from to to%.%x+%.part $"), names())
		download:close()
		assert.is_nil((download:next()))
		assert.are.equal("as it was", get(here("to")))
		assert.are.equal("from to ", names())
	end)

	test_inside("fail with what the server says", function(sb, client)
		put(here("from"), BYTES)
		put(here("to"), "as it was")
		for _ = 1, 2 do
			local done, err = client:upload("none-such", here("from"), "/workspace/x")
			assert.is_nil(done)
			assert.are.equal("AK_E_SERVER", err.code) -- as full servers report it
			assert.is_truthy(err.message:find("none-such", 1, true), err.message)
			done, err = sb:download("/workspace/none", here("to"))
			assert.is_nil(done)
			assert.are.equal("AK_E_NOT_FOUND", err.code)
		end
		local download = sb:iter_download("/workspace/none", here("to"))
		for _ = 1, 2 do -- a failure is latched
			local done, err = download:next()
			assert.is_nil(done)
			assert.are.equal("AK_E_NOT_FOUND", err.code)
		end
		assert.are.equal("as it was", get(here("to")))
		assert.are.equal("from to ", names())
	end)

	test("say what is wrong here before anything is sent", function()
		local server = kit.rules('{"times": "always", "steps": [{"reply": ' .. MADE .. "}]}")
		local client = client_of(server.url)
		local function wrong(code, words, done, err)
			assert.is_nil(done)
			assert.are.equal(code, err.code)
			assert.is_truthy(err.message:find(words, 1, true), err.message)
		end
		wrong("AK_E_ARGUMENT", here("none") .. ": No such file", client:upload("sb", here("none"), "/x"))
		wrong("AK_E_CANCELLED", folder .. ": Is a directory", client:upload("sb", folder, "/x"))
		wrong("AK_E_ARGUMENT", "No such file", client:download("sb", "/x", here("none/x")))
		wrong("AK_E_ARGUMENT", folder .. " is no regular file", client:download("sb", "/x", folder))
		wrong("AK_E_ARGUMENT", "/dev/null is no regular file", client:download("sb", "/x", "/dev/null"))
		kit.shell("truncate -s 13M '%s'", here("large"))
		wrong("AK_E_TOO_LARGE", "content", client:upload("sb", here("large"), "/x"))
		put(here("from"), BYTES)
		wrong("AK_E_ARGUMENT", "path", client:upload("sb", here("from")))
		assert.are.same({}, server:requests())
		for _, method in ipairs({ "upload", "iter_upload", "download", "iter_download" }) do
			assert.has_error(function()
				client[method](client, "sb", "/x", "/x", { no_such_option = 1 })
			end)
			assert.has_error(function()
				client[method](client, "sb")
			end)
		end
		client:close()
		wrong("AK_E_STATE", "closed", client:upload("sb", here("from"), "/x"))
		wrong("AK_E_STATE", "closed", client:download("sb", "/x", here("to")))
		assert.are.equal("from large ", names())
		server:stop()
	end)

	test("end with an answer that comes early", function()
		put(here("from"), BYTES:rep(10))
		local server = kit.rules('{"read": "head", "steps": [{"reply": ' .. NONE .. "}]}")
		local done, err = client_of(server.url):upload("sb", here("from"), "/x")
		assert.is_nil(done)
		assert.are.equal("AK_E_NOT_FOUND", err.code)
		server:stop()
	end)

	test("upload what the file had at first, though it grows or shrinks", function()
		local server = kit.rules('{"times": "always", "steps": [{"reply": ' .. MADE .. "}]}")
		local client = client_of(server.url)
		put(here("from"), BYTES)
		local upload = client:iter_upload("sb", here("from"), "/x")
		assert(upload:next())
		local file = assert(io.open(here("from"), "ab"))
		file:write("more")
		file:close()
		local list, _, err = turns(upload)
		assert.is_nil(err)
		assert.are.equal(#BYTES, list[#list])
		upload = client:iter_upload("sb", here("from"), "/x")
		assert(upload:next())
		put(here("from"), "")
		list, _, err = turns(upload)
		assert.are.same({}, list)
		assert.are.equal("AK_E_ARGUMENT", err.code)
		server:stop()
	end)

	test("break off with their connection, and what was there stays", function()
		local server = breaking_server('{"close": true}')
		put(here("to"), "as it was")
		local list, _, err = turns(client_of(server.url):iter_download("sb", "/x", here("to")))
		assert.is_true(#list > 0)
		assert.are.equal("AK_E_NETWORK", err.code)
		assert.are.equal("as it was", get(here("to")))
		assert.are.equal("to ", names())
		server:stop()
	end)

	test("keep their deadlines", function()
		local server = breaking_server('{"wait": "close"}')
		local done, err = client_of(server.url):download("sb", "/x", here("to"), { timeout = 0.2 })
		assert.is_nil(done)
		assert.are.equal("AK_E_TIMEOUT", err.code)
		assert.are.equal("", names())
		server:stop()
	end)

	test("end when they are forgotten", function()
		local server = breaking_server('{"wait": "close"}')
		local client = client_of(server.url)
		assert(client:iter_download("sb", "/x", here("to")):next())
		kit.collect()
		server:await("client_ended", 1)
		assert.are.equal("", names())
		server:stop()
	end)
end)

if kit.way == "block" then
	describe("for over a transfer", function()
		local function failing(transfer)
			local list = {}
			for done, err in transfer do
				list[#list + 1] = done or err.code
			end
			return list
		end

		test("gives false and the Error as its last turn", function()
			local server = breaking_server('{"close": true}')
			local client = client_of(server.url)
			local list = failing(client:iter_download("sb", "/x", here("to")))
			assert.is_true(#list > 1)
			assert.are.equal("AK_E_NETWORK", list[#list])
			assert.are.same({ "AK_E_ARGUMENT" }, failing(client:iter_upload("sb", here("none"), "/x")))
			server:stop()
		end)

		test("is ended by Ctrl-C, which leaves nothing", function()
			local server = breaking_server('{"wait": "close"}')
			local code = [[
				local client = require("agentkernel").new({ base_url = "]] .. server.url .. [[" })
				print(pcall(client.download, client, "sb", "/x", "]] .. here("to") .. [["))
				os.execute("ls -A ]] .. folder .. [[")]]
			local text = kit.interrupt(code, function()
				server:await("complete", 1)
			end)
			assert.is_truthy(text:find("^false.*interrupted!%s*$"), text)
			server:await("client_ended", 1)
			server:stop()
		end)

		if kit.closes then
			test("closes the transfer however it is left", function()
				local server = breaking_server('{"wait": "close"}')
				local client = client_of(server.url)
				for done in client:iter_download("sb", "/x", here("to")) do
					assert.is_truthy(names():find("part"))
					if done then
						break
					end
				end
				assert.are.equal("", names())
				server:await("client_ended", 1)
				pcall(function()
					for _ in client:iter_download("sb", "/x", here("to")) do
						error("out")
					end
				end)
				assert.are.equal("", names())
				server:await("client_ended", 2)
				server:stop()
			end)
		end
	end)
elseif kit.has(kit.way) then
	describe("in " .. kit.way, function()
		test("another coroutine ends a transfer that is waited for", function()
			local server = breaking_server('{"wait": "close"}')
			local download = client_of(server.url):iter_download("sb", "/x", here("to"))
			local sleep = kit.way == "copas" and kit.sleep_in_copas or require("agentkernel." .. kit.way).sleep
			local other
			local function stop()
				other = coroutine.running()
				repeat
					sleep(0.01)
				until names():find("part")
				local fine, why = pcall(download.next, download)
				assert.is_false(fine)
				assert.is_truthy(why:find("in another coroutine", 1, true), why)
				download:close()
				other = nil
			end
			if kit.way == "luv" then
				coroutine.wrap(stop)()
			elseif kit.way == "copas" then
				require("copas").addthread(stop)
			else
				require("cqueues").running():wrap(stop)
			end
			local _, _, err = turns(download)
			assert.are.equal("AK_E_CANCELLED", err.code)
			assert.is_nil(other)
			assert.are.equal("", names())
			server:stop()
		end)
	end)
end
