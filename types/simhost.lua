---@meta simhost
-- Written by `simhost policy docs --format types`; a test keeps it in step with the bridge.

---@class simhost.Request
---@field stage "prefill"|"decode" # what it needs next: its prompt, or tokens after the first
---@field arrival_s number # when it arrived, in s
---@field prompt_tokens integer # length of its prompt
---@field cached_tokens integer # prompt tokens that prefix caches saved
---@field computed_tokens integer # tokens whose KV exists
---@field remaining_prompt_tokens integer # tokens to compute before the next one can be generated; after a preemption with the generated ones
---@field generated_tokens integer # tokens generated so far
---@field context_tokens integer # prompt and generated tokens
---@field predicted_output_tokens integer # output length that the run's predictor expects
---@field output_tokens integer # true output length, with --oracle only
---@field kv_bytes integer # bytes of its KV cache
---@field turn integer # turn in its session, from 0
---@field deferrals integer # times that admit deferred it
---@field preemptions integer # times that it was preempted
---@field priority integer # what its trace says; larger is more important; 0 unless said
---@field ttft_slo_s number? # target for its time to first token, in s; nil without one
---@field tpot_slo_s number? # target for its mean gap between tokens, in s; nil without one
---@field deadline_s number? # when its last token should be there, in s; nil without one
---@field instance simhost.Instance? # instance that it is on; nil at the gateway before its prompt
---@field prefill_instance simhost.Instance? # instance chosen for its prompt; nil before
---@field decode_instance simhost.Instance? # instance chosen for decoding; nil before
---@field migrating_to simhost.Instance? # instance that it is being moved to while it decodes; nil when it is not
---@field id integer # place in the workload, from 0, as in the output files
---@field waited_s number # seconds since it arrived
---@field session_id string? # name of its session; nil without one
---@field class string? # kind of request that its trace says; nil without one
---@field tenant string? # tenant that its trace says; nil without one
---@field content integer[] # array of the ids of its prompt's tokens or blocks, whole ones only, as its trace tells them; empty where it does not
---@field data table # a table that belongs to the policy, empty at first
local request = {}

---@class simhost.Instance
---@field name string # unique name, such as decode/0
---@field model string # model that it serves
---@field hardware string # accelerator that it runs on
---@field role "prefill"|"decode"|"mixed" # what it does: prompts, decoding, or both
---@field node integer # node that it belongs to, from 0
---@field tp_size integer # accelerators that share each layer
---@field pp_size integer # pipeline stages
---@field kv_capacity_tokens integer # tokens that its KV cache holds, in whole blocks
---@field max_num_seqs integer # most requests running at once
---@field max_num_batched_tokens integer # most tokens of one iteration
---@field block_size integer # tokens of a KV block
---@field state "up"|"down"|"draining"|"starting"|"off" # "up", or why it is no candidate: "down" (a fault), "draining", "starting", "off"
---@field busy boolean # is an iteration under way?
---@field waiting_count integer # requests queued here
---@field running_count integer # requests admitted to the running batch
---@field waiting_prompt_tokens integer # prompt tokens that queued requests still have to compute
---@field running_context_tokens integer # context tokens of running requests
---@field inflight integer # requests routed here that have neither finished nor moved on
---@field kv_used_tokens integer # tokens of KV held by requests
---@field kv_reserved_tokens integer # tokens of KV promised to transfers under way
---@field kv_free_tokens integer # capacity less used and reserved
---@field cached_tokens integer # tokens held by no request, kept for prefix hits
---@field transfers_in integer # KV transfers arriving now
---@field transfers_out integer # KV transfers leaving now
---@field kv_waiting_count integer # requests whose KV cache waits elsewhere for blocks here; part of waiting_count
---@field step_ms number # duration of the last iteration, in ms; 0 before the first
---@field free_at_s number # when the iteration under way ends, in s; now when idle
---@field id integer # place in cluster.instances, from 1
---@field kv_usage number # used and reserved KV over capacity, 0 to 1
---@field waiting simhost.Request[] # array of queued requests, in queue order
---@field running simhost.Request[] # array of running requests, in order of admission
local instance = {}

---tokens of its prompt that the prefix cache here holds now
---@param request simhost.Request
---@return integer
function instance:prefix_hit_tokens(request) end

---seconds until its prompt would be done here, queue and compute
---@param request simhost.Request
---@return number
function instance:estimate_prefill_s(request) end

---seconds of one such iteration here
---@param iteration { prefill_tokens: integer?, decode_seqs: integer?, context_tokens: integer? }
---@return number
function instance:estimate_step_s(iteration) end

---seconds to move its KV cache from here to another instance, over idle links
---@param request simhost.Request
---@param to simhost.Instance
---@return number
function instance:transfer_s(request, to) end

---@class simhost.Cluster
---@field now_s number # simulated time, in s
---@field instances simhost.Instance[] # array of all instances, in configuration order
---@field prefill simhost.Instance[] # array of prefill instances
---@field decode simhost.Instance[] # array of decode instances
---@field mixed simhost.Instance[] # array of instances that do both
---@field gateway_waiting integer # requests parked at the gateway
---@field params table # parameters of the policy, with --param applied
---@field state any # the table that init returned
local cluster = {}

---the path between two instances: { bytes_per_s, latency_s, queued_bytes, free_at_s }
---@param from simhost.Instance
---@param to simhost.Instance
---@return { bytes_per_s: number, latency_s: number, queued_bytes: integer, free_at_s: number }
function cluster:link(from, to) end

---drains it, and gives it another role; true, or false and why not
---@param instance simhost.Instance
---@param role "prefill"|"decode"|"mixed"
---@return boolean done, string? refusal
function cluster:set_role(instance, role) end

---starts one that is off; true, or false and why not
---@param instance simhost.Instance
---@return boolean done, string? refusal
function cluster:add_instance(instance) end

---drains it, and turns it off; true, or false and why not
---@param instance simhost.Instance
---@return boolean done, string? refusal
function cluster:remove_instance(instance) end

---moves a decoding request there with its KV cache; true, or false and why not
---@param request simhost.Request
---@param instance simhost.Instance
---@return number
function cluster:migrate(request, instance) end

---copies what one prefix cache holds of its prompt, and the other lacks; true, or false and why not
---@param request simhost.Request
---@param from simhost.Instance
---@param to simhost.Instance
---@return number
function cluster:replicate(request, from, to) end

---the item with the smallest value, the first of equals; nil when empty
---@param list simhost.Instance[]|simhost.Request[]|simhost.Prefix[]
---@param field string
---@return any
function cluster:argmin(list, field) end

---the item with the largest value, the first of equals; nil when empty
---@param list simhost.Instance[]|simhost.Request[]|simhost.Prefix[]
---@param field string
---@return any
function cluster:argmax(list, field) end

---array of the items that agree
---@param list simhost.Instance[]|simhost.Request[]|simhost.Prefix[]
---@param field string
---@param comparison string
---@param value any
---@return any[]
function cluster:filter(list, field, comparison, value) end

---@class simhost.Step
---@field tokens integer # tokens scheduled so far
---@field budget integer # most tokens that this iteration may hold
---@field seqs integer # requests scheduled so far
local step = {}

---are KV blocks for that many more tokens free?
---@param request simhost.Request
---@param tokens integer
---@return boolean
function step:can_allocate(request, tokens) end

---one more token of a running request; true, or false and why not
---@param request simhost.Request
---@return boolean done, string? refusal
function step:decode(request) end

---decodes running requests in order of admission until one is refused; how many it took, and how many it did not
---@return integer taken, integer left
function step:decode_all() end

---the next tokens of its prompt; true, or false and why not
---@param request simhost.Request
---@param tokens integer
---@return boolean done, string? refusal
function step:prefill(request, tokens) end

---frees its KV; true, or false and why not
---@param request simhost.Request
---@param how string
---@return boolean done, string? refusal
function step:preempt(request, how) end

---@class simhost.Prefix
---@field blocks integer # blocks of it; the deepest of the prompt goes first
---@field tokens integer # tokens that those hold
---@field start_tokens integer # tokens of the prompt before them
---@field hits integer # how often a prompt has found them in the cache
---@field freed_s number # when the last request gave them back, in s
---@field idle_s number # seconds since then
local prefix = {}

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
