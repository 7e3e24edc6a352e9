-- What policies can use, for luacheck: the sandbox of the policy guide.
local function closed(...)
  local fields = {}
  for _, name in ipairs { ... } do fields[name] = {} end
  return { fields = fields }
end

stds.simhost = {
  read_globals = {
    "_VERSION", "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print", "rawequal", "rawget",
    "rawlen", "rawset", "require", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall",
    coroutine = closed("close", "create", "isyieldable", "resume", "running", "status", "wrap", "yield"),
    math = closed("abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max",
      "maxinteger", "min", "mininteger", "modf", "pi", "rad", "random", "randomseed", "sin", "sqrt", "tan",
      "tointeger", "type", "ult"),
    string = closed("byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "pack", "packsize",
      "rep", "reverse", "sub", "unpack", "upper"),
    table = closed("concat", "insert", "move", "pack", "remove", "sort", "unpack"),
    utf8 = closed("char", "charpattern", "codepoint", "codes", "len", "offset"),
    sim = { fields = { log = closed("info", "warn", "error"), random = {}, choice = {}, note = {}, version = {} } },
  },
}

std = "simhost"
max_line_length = 120

-- Specs have these besides.
stds.spec = { read_globals = { "describe", "it", "expect", "cluster" } }
files["**/*_spec.lua"].std = "simhost+spec"
