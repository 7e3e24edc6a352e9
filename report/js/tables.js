/* Tables: numbers are those of the runs' files; `data-value` holds each in full. */

/** A table with a row header; cells are texts, or { text, value, field, best }. */
function table(columns, rows, options = {}) {
  const head = columns.map((name, place) =>
    make("th", { scope: "col", class: options.text?.includes(place) ? "text" : null }, name));
  const body = rows.map((row) => {
    if (row.group !== undefined) {
      return make("tr", { class: "group" }, make("th", { colspan: columns.length, scope: "rowgroup" }, row.group));
    }
    return make("tr", {}, ...row.map((cell, place) => {
      if (place === 0) return make("th", { scope: "row" }, cell);
      const one = typeof cell === "object" ? cell : { text: cell };
      const classes = [one.best ? "best" : "", options.text?.includes(place) ? "text" : ""].join(" ").trim();
      return make("td", { class: classes || null, "data-field": one.field, "data-run": one.run, "data-value": one.value },
        one.text);
    }));
  });
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": options.label },
    make("table", {}, ...(columns.some((name) => name !== "") ? [make("thead", {}, make("tr", {}, ...head))] : []),
      make("tbody", {}, ...body)));
}

/** A row of the overview: one field of every run, the best one marked where one is better. */
function fieldRow(data, name, field, better, show = readable) {
  const values = data.runs.map((run) => run.numbers[field] ?? null);
  if (values.every((value) => value === null)) return null;
  const known = values.filter((value) => value !== null);
  const best = better === "low" ? Math.min(...known) : better === "high" ? Math.max(...known) : null;
  const differs = new Set(known).size > 1;
  return [name, ...values.map((value, run) =>
    ({ text: show(value), value, field, run, best: differs && value !== null && value === best }))];
}

/** Latencies of a single run: a row for each metric. */
function latencies(data) {
  const rows = [["ttft", "TTFT"], ["tpot", "TPOT"], ["itl", "ITL"], ["e2el", "E2E latency"]].map(([metric, name]) =>
    [name, ...["mean", "p50", "p90", "p99"].map((statistic) => {
      const field = `${statistic}_${metric}_ms`;
      const value = data.runs[0].numbers[field] ?? null;
      return { text: readable(value), value, field, run: 0 };
    })]);
  return table(["ms", "mean", "P50", "P90", "P99"], rows, { label: "Latencies" });
}

function overview(data) {
  const rows = [];
  const group = (name, fields) => {
    const found = fields.map((field) => fieldRow(data, ...field)).filter((row) => row !== null);
    if (found.length > 0) rows.push({ group: name }, ...found);
  };
  const perMetric = data.runs.length > 1;
  for (const [metric, name] of !perMetric ? [] : [["ttft", "TTFT, ms"], ["tpot", "TPOT, ms"], ["itl", "ITL, ms"], ["e2el", "E2E latency, ms"]]) {
    group(name, [["mean", `mean_${metric}_ms`, "low"], ["P50", `p50_${metric}_ms`, "low"],
      ["P90", `p90_${metric}_ms`, "low"], ["P99", `p99_${metric}_ms`, "low"]]);
  }
  group("Throughput", [["requests/s", "request_throughput", "high"], ["goodput, requests/s", "request_goodput", "high"],
    ["output tokens/s", "output_throughput", "high"], ["all tokens/s", "total_token_throughput", "high"]]);
  group("Requests", [["in the workload", "num_prompts"], ["finished", "completed", "high"], ["not finished", "failed", "low"],
    ["most at once", "max_concurrent_requests"], ["preemptions", "preemptions", "low"],
    ["prompt tokens from prefix caches", "prefix_hit_share", "high", percent], ["duration, s", "duration"]]);
  rows.push(["bottleneck", ...data.runs.map((run) => run.bottleneck)]);
  const all = table(["", ...data.runs.map((run) => run.label)], rows, { label: "Overview" });
  return perMetric ? all : make("div", { class: "columns" }, latencies(data), all);
}

/** Attainment of each objective; nil without objectives. */
function attainment(data) {
  const names = { ttft: "TTFT", tpot: "TPOT", e2el: "latency" };
  const keys = [...new Set(data.runs.flatMap((run) => run.slo.map((one) => `${one.name} ${one.limit_ms}`)))];
  if (keys.length === 0) return null;
  const rows = keys.map((key) => {
    const [name, limit] = key.split(" ");
    return [`${names[name]} ≤ ${readable(Number(limit))} ms`, ...data.runs.map((run, place) => {
      const share = run.slo.find((one) => `${one.name} ${one.limit_ms}` === key)?.share ?? null;
      return { text: percent(share), value: share, field: `${name}_share`, run: place };
    })];
  });
  rows.push(["all of them", ...data.runs.map((run, place) =>
    ({ text: percent(run.slo_share), value: run.slo_share, field: "slo_share", run: place }))]);
  return table(["share of all requests", ...data.runs.map((run) => run.label)], rows, { label: "SLO attainment" });
}

/** What a run was made from, and what its policy did. */
function provenance(run) {
  const made = run.made;
  const rows = [
    ["policy", `${made.policy} ${made.version}`.trim()],
    ["files", made.files.join(", ") || "–"],
    ...made.parameters.map(([name, value]) => [`parameter ${name}`, value]),
    ...made.hooks.map((hook) => [`hook ${hook.hook}`, `${readable(hook.calls)} calls`]),
    ["cluster", made.cluster], ["workload", made.workload], ["seed", made.seed], ["run", made.file],
    ...run.rejections.map((one) => [`rejected: ${one.reason}`, readable(one.count)]),
    ...made.notes.map((note) => ["note", note]),
  ];
  return make("div", {}, make("h3", {}, run.label), table(["", ""], rows, { text: [1], label: `Made from: ${run.label}` }));
}

function instanceTable(run) {
  return table(["instance", "role", "busy", "KV peak", "KV blocks", "iterations", "preemptions"],
    run.instances.map((one) => [one.name, one.role, percent(one.utilization), percent(one.kv_peak),
      readable(one.kv_capacity_blocks), readable(one.iterations), readable(one.preemptions)]),
    { label: "Instances" });
}
