import CLua

/// Types for the Lua language server.
extension PolicyReference {
  /// `types/simhost.lua`.
  public static var types: String {
    var text = """
      ---@meta simhost
      -- Written by `simhost policy docs --format types`; a test keeps it in step with the bridge.

      """
    for view in View.allCases {
      text += "\n---@class simhost.\(capitalised(view.rawValue))\n"
      for field in fields(of: view) where !field.isMethod {
        text += "---@field \(field.name) \(luaType(field.type, view)) # \(field.meaning)\n"
      }
      text += "local \(view.rawValue) = {}\n"
      for field in fields(of: view) where field.isMethod {
        let names = argumentNames(field.parameters)
        text += "\n---\(field.meaning)\n"
        for name in names { text += "---@param \(name) \(argumentType(name))\n" }
        text += "---@return \(result(of: field.name))\n"
        text +=
          "function \(view.rawValue):\(field.name)(\(names.joined(separator: ", "))) end\n"
      }
    }
    return text + rest
  }

  private static func capitalised(_ word: String) -> String {
    word.prefix(1).uppercased() + word.dropFirst()
  }

  private static func luaType(_ type: clua_type, _ view: View) -> String {
    switch type {
    case CLUA_BOOLEAN: "boolean"
    case CLUA_SECONDS, CLUA_MILLISECONDS, CLUA_RATIO, CLUA_WAITED, CLUA_NOW: "number"
    case CLUA_OPTIONAL_SECONDS: "number?"
    case CLUA_TEXT: "string"
    case CLUA_SESSION, CLUA_CLASS, CLUA_TENANT: "string?"
    case CLUA_ROLE: #""prefill"|"decode"|"mixed""#
    case CLUA_STAGE: #""prefill"|"decode""#
    case CLUA_CONDITION: #""up"|"down"|"draining"|"starting"|"off""#
    case CLUA_INSTANCE: "simhost.Instance?"
    case CLUA_CONTENT: "integer[]"
    case CLUA_DATA, CLUA_PARAMS: "table"
    case CLUA_STATE: "any"
    case CLUA_WAITING, CLUA_RUNNING: "simhost.Request[]"
    case CLUA_ALL, CLUA_PREFILLS, CLUA_DECODES, CLUA_MIXED: "simhost.Instance[]"
    default: "integer"
    }
  }

  /// Names in `(request, "recompute")` and `{prefill_tokens=, …}`.
  private static func argumentNames(_ parameters: String) -> [String] {
    if parameters.hasPrefix("{") { return ["iteration"] }
    return parameters.dropFirst().dropLast().split(separator: ", ").map { part in
      switch part {
      case #""field""#: "field"
      case #""recompute""#: "how"
      case _ where part.contains("|"): "comparison"
      default: String(part)
      }
    }
  }

  private static func argumentType(_ name: String) -> String {
    switch name {
    case "request": "simhost.Request"
    case "to", "from", "instance": "simhost.Instance"
    case "role": #""prefill"|"decode"|"mixed""#
    case "tokens": "integer"
    case "list": "simhost.Instance[]|simhost.Request[]|simhost.Prefix[]"
    case "field", "how", "comparison": "string"
    case "iteration":
      "{ prefill_tokens: integer?, decode_seqs: integer?, context_tokens: integer? }"
    default: "any"
    }
  }

  private static func result(of method: String) -> String {
    switch method {
    case "prefix_hit_tokens": "integer"
    case "decode_all": "integer taken, integer left"
    case "can_allocate": "boolean"
    case "decode", "prefill", "preempt", "set_role", "add_instance", "remove_instance":
      "boolean done, string? refusal"
    case "link":
      "{ bytes_per_s: number, latency_s: number, queued_bytes: integer, free_at_s: number }"
    case "argmin", "argmax": "any"
    case "filter": "any[]"
    default: "number"
    }
  }

  private static let rest = """

    ---@class simhost.Limits
    ---@field max_num_seqs integer?
    ---@field max_num_batched_tokens integer?
    ---@field chunk_tokens integer?
    ---@field order "fcfs"|"sjf"|"edf"|nil|fun(a: simhost.Request, b: simhost.Request): boolean
    ---@field prefill_first boolean?

    ---@class simhost.Param
    ---@field type "number"|"integer"|"string"|"boolean"
    ---@field default number|string|boolean
    ---@field min number?
    ---@field max number?
    ---@field choices string[]?
    ---@field help string?

    ---@class simhost.Policy
    ---@field api 1
    ---@field name string?
    ---@field version string?
    ---@field description string?
    ---@field author string?
    ---@field licence string?
    ---@field params table<string, simhost.Param>?
    ---@field every_iteration boolean?
    ---@field gateway_scan boolean?
    ---@field tick_interval_s number?
    ---@field init (fun(cluster: simhost.Cluster, params: table): any)?
    ---@field admit (fun(request: simhost.Request, cluster: simhost.Cluster): boolean|"defer", string|number|nil)?
    ---@field route (fun(request: simhost.Request, candidates: simhost.Instance[], cluster: simhost.Cluster): simhost.Instance?, simhost.Instance|"stay"|"recompute"|nil)?
    ---@field route_decode (fun(request: simhost.Request, candidates: simhost.Instance[], cluster: simhost.Cluster): simhost.Instance?, "stay"|"recompute"|nil)?
    ---@field batch (fun(instance: simhost.Instance, step: simhost.Step, cluster: simhost.Cluster): simhost.Limits?)?
    ---@field preempt (fun(instance: simhost.Instance, candidates: simhost.Request[], needed_tokens: integer, cluster: simhost.Cluster): simhost.Request?)?
    ---@field evict (fun(instance: simhost.Instance, candidates: simhost.Prefix[], needed_blocks: integer, cluster: simhost.Cluster): simhost.Prefix?)?
    ---@field tick fun(cluster: simhost.Cluster)?
    ---@field on_first_token fun(request: simhost.Request, cluster: simhost.Cluster)?
    ---@field on_finish fun(request: simhost.Request, cluster: simhost.Cluster)?
    ---@field on_reject fun(request: simhost.Request, cluster: simhost.Cluster)?
    ---@field on_preempt fun(request: simhost.Request, cluster: simhost.Cluster)?
    ---@field on_transfer fun(request: simhost.Request, cluster: simhost.Cluster)?
    ---@field on_instance_down (fun(instance: simhost.Instance, requests: simhost.Request[], cluster: simhost.Cluster): "retry"|"reject"|simhost.Request[]|nil, string?)?
    ---@field on_instance_up fun(instance: simhost.Instance, cluster: simhost.Cluster)?
    ---@field done (fun(summary: table, cluster: simhost.Cluster): table?)?

    ---@class simhost.Log
    ---@field info fun(format: any, ...)
    ---@field warn fun(format: any, ...)
    ---@field error fun(format: any, ...)

    ---@class simhost.Sim
    ---@field log simhost.Log
    ---@field random fun(low: integer?, high: integer?): number
    ---@field choice fun(list: any[]): any
    ---@field note fun(text: string)
    ---@field version string
    sim = {}

    """
}
