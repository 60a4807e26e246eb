--- JSON for the tests, which lua-cjson is not exact enough for: it keeps null, tells [] from {}, has integers beyond
--- 2^53 as their digits, and keeps the text of every object.
local M = {}

M.null = setmetatable({}, {
	__tostring = function()
		return "null"
	end,
})
local Array, Object = {}, {}
local texts = setmetatable({}, { __mode = "k" })

function M.is_array(value)
	return getmetatable(value) == Array
end

function M.is_object(value)
	return getmetatable(value) == Object
end

--- The source text of an object, in one line.
function M.text(value)
	return (texts[value]:gsub("[\r\n]", " "))
end

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function utf8_of(code)
	local char, floor = string.char, math.floor
	if code < 0x80 then
		return char(code)
	elseif code < 0x800 then
		return char(0xC0 + floor(code / 64), 0x80 + code % 64)
	elseif code < 0x10000 then
		return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
	end
	return char(
		0xF0 + floor(code / 262144),
		0x80 + floor(code / 4096) % 64,
		0x80 + floor(code / 64) % 64,
		0x80 + code % 64
	)
end

local function string_at(text, at)
	local parts = {}
	local i = at + 1
	while true do
		local stop = assert(text:find('["\\]', i), "a string without its end")
		parts[#parts + 1] = text:sub(i, stop - 1)
		if text:byte(stop) == 34 then
			return table.concat(parts), stop + 1
		end
		local escape = text:sub(stop + 1, stop + 1)
		i = stop + 2
		if escape == "u" then
			local code = tonumber(text:sub(i, i + 3), 16)
			i = i + 4
			local low = code >= 0xD800 and code < 0xDC00 and text:match("^\\u([dD][c-fC-F]%x%x)", i)
			if low then
				code = 0x10000 + (code - 0xD800) * 1024 + tonumber(low, 16) - 0xDC00
				i = i + 6
			end
			parts[#parts + 1] = utf8_of(code)
		else
			parts[#parts + 1] = assert(ESCAPES[escape], "an unknown escape")
		end
	end
end

local function number_at(text, at)
	local digits = assert(text:match("^-?%d+[%d.eE+-]*", at), "no JSON at " .. at)
	local value = tonumber(digits)
	if not digits:find("[.eE]") and math.abs(value) >= 2 ^ 53 then
		value = digits
	end
	return value, at + #digits
end

local WORDS = { t = { "true", true }, f = { "false", false }, n = { "null", M.null } }
local value_at

local function space(text, at)
	return text:find("[^ \t\r\n]", at) or #text + 1
end

local function container_at(text, at, close, result, entry)
	local i = space(text, at + 1)
	if text:sub(i, i) ~= close then
		i = at
		repeat
			i = space(text, entry(space(text, i + 1)))
			local sign = text:sub(i, i)
			assert(sign == "," or sign == close, "neither , nor " .. close .. " at " .. i)
		until sign == close
	end
	texts[result] = text:sub(at, i)
	return result, i + 1
end

function value_at(text, at)
	local first = text:sub(at, at)
	if first == "{" then
		local result = setmetatable({}, Object)
		return container_at(text, at, "}", result, function(i)
			local name, value
			name, i = string_at(text, i)
			i = space(text, i)
			assert(text:sub(i, i) == ":", "no : at " .. i)
			value, i = value_at(text, space(text, i + 1))
			assert(result[name] == nil, "a member that stands twice: " .. name)
			result[name] = value
			return i
		end)
	elseif first == "[" then
		local result = setmetatable({}, Array)
		return container_at(text, at, "]", result, function(i)
			result[#result + 1], i = value_at(text, i)
			return i
		end)
	elseif first == '"' then
		return string_at(text, at)
	elseif WORDS[first] then
		local word = WORDS[first]
		assert(text:sub(at, at + #word[1] - 1) == word[1], "no JSON at " .. at)
		return word[2], at + #word[1]
	end
	return number_at(text, at)
end

function M.decode(text)
	local value, at = value_at(text, space(text, 1))
	assert(space(text, at) > #text, "more than JSON")
	return value
end

function M.encode(value)
	local kind = type(value)
	if kind == "string" then
		return '"' .. value:gsub('[%c"\\]', function(char)
			return ("\\u%04x"):format(char:byte())
		end) .. '"'
	elseif kind ~= "table" then
		return kind == "number" and ("%.17g"):format(value) or tostring(value)
	elseif value == M.null then
		return "null"
	elseif texts[value] then
		return M.text(value)
	end
	local parts = {}
	if #value > 0 then
		for i, entry in ipairs(value) do
			parts[i] = M.encode(entry)
		end
		return "[" .. table.concat(parts, ",") .. "]"
	end
	for name, member in pairs(value) do
		parts[#parts + 1] = M.encode(name) .. ":" .. M.encode(member)
	end
	return "{" .. table.concat(parts, ",") .. "}"
end

--- Whether two decoded values are equal.
function M.same(a, b)
	if type(a) ~= "table" or type(b) ~= "table" or a == b then
		return a == b
	elseif getmetatable(a) ~= getmetatable(b) then
		return false
	end
	for name, value in pairs(a) do
		if not M.same(value, b[name]) then
			return false
		end
	end
	for name in pairs(b) do
		if a[name] == nil then
			return false
		end
	end
	return true
end

local BASE64 = {}
for i = 1, 64 do
	BASE64[("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"):sub(i, i)] = i - 1
end

function M.base64(text)
	local bytes, bits, count = {}, 0, 0
	for char in text:gmatch("[%w+/]") do
		bits, count = bits * 64 + BASE64[char], count + 6
		if count >= 8 then
			count = count - 8
			bytes[#bytes + 1] = string.char(math.floor(bits / 2 ^ count))
			bits = bits % 2 ^ count
		end
	end
	return table.concat(bytes)
end

return M
