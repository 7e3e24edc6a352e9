-- Computes prompts before anything else: while a prompt can be scheduled, no request decodes.
--
-- Time to first token gets as short as it can be, and running requests pay for it with pauses between their tokens.
-- vLLM scheduled like this before chunked prefill; Sarathi-Serve (https://arxiv.org/abs/2403.02310) shows the stalls.

---@type simhost.Policy
return {
  api = 1,
  name = "prefill_first",
  version = "1.0.0",
  description = "Prompts first; decode only when no prompt can be scheduled.",

  batch = function()
    return { prefill_first = true }
  end,
}
