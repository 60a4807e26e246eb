--- The raw layer, which SWIG makes: integers, objects, and what it leaves in the globals.
local kit = require("spec.kit")

describe("raw layer", function()
	local raw = require("agentkernel_raw")

	it("sets no globals", function()
		local code = [[
			local before = {}
			for name in pairs(_G) do before[name] = true end
			require("agentkernel")
			for name in pairs(_G) do if not before[name] then print(name) end end]]
		local output, status = kit.shell("%s -e '%s' 2>&1", "lua" .. os.getenv("AK_LUA"), code)
		assert.are.equal("", output)
		assert.are.equal(0, status)
	end)

	it("keeps integers of 64 bits", function()
		local _, client = raw.client_new()
		local digits = { "9007199254740993", "9223372036854775807", "9007199254740992", "9007199254740991" }
		for _, text in ipairs(digits) do
			local value = math.tointeger and math.tointeger(tonumber(text)) or text
			assert.are.equal(raw.OK, raw.client_set_int(client, raw.CLIENT_MAX_REPLY_BYTES, value))
			local status, got = raw.client_int(client, raw.CLIENT_MAX_REPLY_BYTES)
			assert.are.equal(raw.OK, status)
			if math.type then
				assert.are.equal("integer", math.type(got))
				assert.are.equal(value, got)
			end
			assert.are.equal(text, type(got) == "string" and got or ("%d"):format(got))
		end
		-- Where all numbers are doubles an exact one is a number, and another its digits.
		local _, last = raw.client_int(client, raw.CLIENT_MAX_REPLY_BYTES)
		assert.are.equal("number", type(last))
	end)

	it("refuses what is no integer", function()
		local _, client = raw.client_new()
		local wrong = { 1.5, "x", "1.5", "", "-", " 7", "7 ", "99999999999999999999", 2 ^ 70, -2 ^ 70, 0 / 0, 1 / 0, true }
		if math.type then
			wrong[#wrong + 1] = "7"
		else
			wrong[#wrong + 1] = 2 ^ 53 + 2 -- may be another that was rounded
		end
		for _, value in ipairs(wrong) do
			assert.has_error(function()
				raw.client_set_int(client, raw.CLIENT_TIMEOUT_MS, value)
			end)
		end
		assert.has_error(function()
			raw.call_new(client, 2 ^ 31)
		end)
		assert.are.equal(raw.OK, raw.client_set_int(client, raw.CLIENT_TIMEOUT_MS, 5.0))
	end)

	it("takes strings for text, and nothing else", function()
		local _, client = raw.client_new()
		for _, value in ipairs({ 7, true, {} }) do
			assert.has_error(function()
				raw.client_set_text(client, raw.CLIENT_BASE_URL, value)
			end)
		end
		local status, err = raw.client_set_text(client, raw.CLIENT_BASE_URL, "http://a\0b")
		assert.is_nil(status)
		assert.are.equal("AK_E_ARGUMENT", err.code)
	end)

	it("gives long settings whole", function()
		local _, client = raw.client_new()
		local agent = ("a"):rep(5000)
		assert.are.equal(raw.OK, raw.client_set_text(client, raw.CLIENT_USER_AGENT, agent))
		local status, got = raw.client_text(client, raw.CLIENT_USER_AGENT)
		assert.are.equal(raw.OK, status)
		assert.are.equal(agent, got)
	end)

	it("answers for emptied objects, and refuses foreign ones", function()
		local _, client = raw.client_new()
		local _, call = raw.call_new(client, raw.OP_RUN)
		raw.client_free(client)
		raw.client_free(client)
		raw.call_free(call)
		raw.call_free(call)
		-- These look at their call in ways of their own.
		for _, takes_call in ipairs({ raw.call_step, raw.call_values, raw.call_next, raw.event_next, raw.call_fd }) do
			local status, err = takes_call(call)
			assert.is_nil(status)
			assert.are.same({ code = "AK_E_STATE", message = "the call is closed" }, err)
			for _, wrong in ipairs({ client, io.stdout, 7, "x" }) do
				assert.has_error(function()
					takes_call(wrong)
				end)
			end
			assert.has_error(takes_call)
		end
		for _, takes_client in ipairs({ raw.call_new, raw.client_int, raw.client_text }) do
			local status, err = takes_client(client, raw.OP_RUN)
			assert.is_nil(status)
			assert.are.same({ code = "AK_E_STATE", message = "the client is closed" }, err)
			for _, wrong in ipairs({ call, io.stdout, 7, "x" }) do
				assert.has_error(function()
					takes_client(wrong, raw.OP_RUN)
				end)
			end
		end
	end)

	it("knows constants by name", function()
		assert.are.same({ raw.OK, raw.OP_RUN }, { raw.constant("AK_OP_RUN") })
		assert.are.equal(raw.ABSENT, (raw.constant("AK_NONE")))
		assert.are.equal("AK_E_TIMEOUT", raw.status_name(raw.E_TIMEOUT))
		assert.is_nil(raw.status_name(-1000))
	end)
end)
