extension PolicySpec {
  /// `describe`, `it`, `expect` and `cluster`, in Lua over the functions of the C module's specs.
  ///
  /// Runs without line numbers, so that messages name the lines of the spec.
  static let prelude = #"""
    local host = ...
    local tests, path = {}, {}

    local function describe(name, body)
      path[#path + 1] = tostring(name)
      body()
      path[#path] = nil
    end

    local function it(name, body)
      if type(body) ~= "function" then error("it(name, function() ... end) takes a function", 2) end
      local words = { table.unpack(path) }
      words[#words + 1] = tostring(name)
      tests[#tests + 1] = { name = table.concat(words, " "), body = body }
    end

    -- What a value is, for messages; tables to a depth that a line can hold.
    local function show(value, depth)
      if type(value) ~= "table" then return host.show(value) end
      if (depth or 0) > 2 then return "a table" end
      local parts = {}
      for key, entry in pairs(value) do
        if #parts == 8 then
          parts[#parts + 1] = "..."
          break
        end
        local name = math.type(key) == "integer" and "" or tostring(key) .. " = "
        parts[#parts + 1] = name .. show(entry, (depth or 0) + 1)
      end
      return "{ " .. table.concat(parts, ", ") .. " }"
    end

    local function same(a, b, depth)
      if a == b then return true end
      if type(a) ~= "table" or type(b) ~= "table" or depth > 50 then return false end
      for key, value in next, a do
        if not same(value, b[key], depth + 1) then return false end
      end
      for key in next, b do
        if a[key] == nil then return false end
      end
      return true
    end

    local function complain(found, expected)
      error("expected " .. expected .. ", found " .. found, 3)
    end

    local matchers = {}

    function matchers:is(expected)
      if self.value ~= expected then complain(show(self.value), show(expected)) end
    end

    function matchers:is_not(other)
      if self.value == other then complain("it", "anything but " .. show(other)) end
    end

    function matchers:is_nil()
      if self.value ~= nil then complain(show(self.value), "nil") end
    end

    function matchers:equals(expected)
      if not same(self.value, expected, 0) then complain(show(self.value), show(expected)) end
    end

    function matchers:near(expected, tolerance)
      tolerance = tolerance or 1e-9
      if type(self.value) ~= "number" or not (math.abs(self.value - expected) <= tolerance) then
        complain(show(self.value), show(expected) .. " within " .. tolerance)
      end
    end

    function matchers:above(bound)
      if type(self.value) ~= "number" or not (self.value > bound) then complain(show(self.value), "more than " .. bound) end
    end

    function matchers:below(bound)
      if type(self.value) ~= "number" or not (self.value < bound) then complain(show(self.value), "less than " .. bound) end
    end

    function matchers:contains(item)
      if type(self.value) == "string" then
        if not string.find(self.value, item, 1, true) then complain(show(self.value), "a text with " .. show(item)) end
        return
      end
      for _, entry in ipairs(self.value) do
        if entry == item then return end
      end
      complain(show(self.value), "a list with " .. show(item))
    end

    function matchers:fails(text)
      local ok, message = pcall(self.value)
      host.forget()
      message = tostring(message)
      if ok then complain("none", "an error" .. (text and " with \"" .. text .. "\"" or "")) end
      if text and not string.find(message, text, 1, true) then
        complain("\"" .. message .. "\"", "an error with \"" .. text .. "\"")
      end
    end

    local expectation = {
      __index = function(_, name)
        local matcher = matchers[name]
        if matcher or name == "value" then return matcher end
        error("expect has no '" .. tostring(name) .. "'; there are is, is_not, is_nil, equals, near, above, below, "
          .. "contains, fails", 2)
      end,
    }

    local function expect(value)
      return setmetatable({ value = value }, expectation)
    end

    local methods = {}
    for _, name in ipairs { "request", "change", "place", "finish", "advance", "actions", "admit", "route", "route_decode", "batch",
      "on_first_token", "on_finish", "on_reject", "on_preempt", "on_transfer", "on_instance_down", "on_instance_up",
      "tick", "preempt", "evict", "has" } do
      local ask = host[name]
      methods[name] = function(_, ...) return ask(...) end
    end

    local handle = {
      __index = function(self, name)
        return methods[name] or rawget(self, "view")[name]
      end,
    }

    local known = { policy = true, params = true, instances = true, now_s = true, gateway_waiting = true, oracle = true }

    local made = false

    local function cluster(description)
      if made then error("a test has one cluster: make it inside it(...), and write a second it(...)", 2) end
      made = true
      if type(description) ~= "table" then error("write cluster { policy = \"name.lua\", instances = { ... } }", 2) end
      for name in pairs(description) do
        if not known[name] then
          error("a cluster cannot be given '" .. tostring(name)
            .. "'; there are policy, params, instances, now_s, gateway_waiting, oracle", 2)
        end
      end
      local files = description.policy or {}
      if type(files) == "string" then files = { files } end
      for _, file in ipairs(files) do host.load(file) end
      for name, value in pairs(description.params or {}) do host.param(name, value) end
      host.oracle(description.oracle)
      host.advance(description.now_s or 0)
      host.instances(description.instances or {})
      host.gateway(description.gateway_waiting or 0)
      host.init()
      return setmetatable({ view = host.view() }, handle)
    end

    return { tests = tests, globals = { describe = describe, it = it, expect = expect, cluster = cluster } }
    """#
}
