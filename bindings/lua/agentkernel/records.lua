--- Records as text, for logs and interactive use: their type and main fields on one line.
local SHOWN = require("agentkernel.generated.records")

local M = {}

--- The most bytes of a text that are shown.
local MOST = 40

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape(char)
	return ESCAPES[char] or ("\\%d"):format(char:byte())
end

local function brief(name, value)
	if type(value) ~= "string" then
		return tostring(value)
	elseif name == "content" then -- of a file, or a reply to any request: it may be secret
		return #value .. " bytes"
	end
	local start = value
	if #value > MOST then
		start = value:sub(1, MOST):gsub("[\192-\255][\128-\191]*$", "") -- no part of a character
	end
	return '"' .. start:gsub('[%c"\\]', escape) .. '"' .. (#value > MOST and "..." or "")
end

local function metatable_of(shown)
	local name = "agentkernel." .. shown.name
	return {
		__name = name,
		__tostring = function(record)
			local parts = {}
			for _, field in ipairs(shown) do
				if record[field] ~= nil then
					parts[#parts + 1] = field .. " " .. brief(field, record[field])
				end
			end
			return parts[1] and name .. " (" .. table.concat(parts, ", ") .. ")" or name
		end,
	}
end

local known = {}

--- The metatable of an operation's records; nil for an operation that this version does not know.
---@param operation string
---@return table?
function M.metatable(operation)
	local shown = SHOWN[operation]
	if shown and not known[shown] then
		known[shown] = metatable_of(shown)
	end
	return known[shown]
end

return M
