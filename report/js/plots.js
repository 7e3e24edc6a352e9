/* Figures that overlay runs. */

const metricNames = { ttft: "Time to first token", tpot: "Time per output token", itl: "Gaps between tokens", e2el: "End-to-end latency" };
const metricShort = { ttft: "TTFT", tpot: "TPOT", itl: "ITL", e2el: "E2E" };

/** A line for each run. */
const runLines = (data, points, options = {}) =>
  data.runs.map((run, place) => ({ name: run.label, ...lineStyle(place), points: points(run), ...options }))
    .filter((series) => series.points.length > 0);

/** Cumulative distribution of a metric, with the objectives that runs were given for it. */
function distribution(data, metric) {
  const limits = [...new Set(data.runs.flatMap((run) => run.slo.filter((one) => one.name === metric).map((one) => one.limit_ms)))];
  const series = runLines(data, (run) => run.cdf[metric].ms.map((ms, place) => [ms, 100 * run.cdf[metric].share[place]]));
  if (series.length === 0) return null;
  // A long tail would press everything else against the edge: the axis ends behind the 99th percentile of every run.
  const at = (one, share) => (one.points.find((point) => point[1] >= share) ?? one.points.at(-1))[0];
  const largest = Math.max(...series.map((one) => one.points.at(-1)[0]));
  const least = Math.min(...series.map((one) => one.points[0][0]));
  const most = 1.5 * Math.max(...limits, ...series.map((one) => at(one, 99)));
  const isCut = largest > 2 * most;
  // An objective that nobody came near is shown where it leaves room for the rest.
  const top = Math.max(largest, ...limits.filter((limit) => limit <= 2 * largest));
  const reach = isCut ? niceCeiling(most) : top;
  // An axis that does not begin at 0 begins and ends at its own steps.
  const isRaised = least > 0.5 * reach;
  const step = niceStep(isRaised ? reach - least : reach, reach);
  const min = isRaised ? Math.floor(least / step) * step : 0;
  // Beside an objective there must be room for its name.
  const end = isCut ? reach : top > largest ? (Math.floor(top / step) + 1) * step : isRaised ? Math.ceil(top / step) * step : undefined;
  return new Figure({
    title: `${metricNames[metric]} (${metricShort[metric]})`,
    about: `Share of ${metric === "itl" ? "gaps" : "finished requests"} with at most that ${metricShort[metric]}, in %.${
      isCut ? ` The longest, ${readable(largest)} ms, lies beyond the edge.` : ""}`,
    x: { name: "ms", min, max: end, interval: isRaised ? step : undefined, showMax: !isCut }, y: { name: "%", max: 100 }, series,
    marks: limits.map((limit) => ({ x: limit, label: `SLO ${readable(limit)} ms` })),
  });
}

/** The next number of the form 1, 2, 2.5 or 5 times a power of ten. */
function niceCeiling(value) {
  const decade = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * decade).find((one) => one >= value * 0.999999);
}

/** A round step, five of which cover a span or more; not so small that a value's digits would not tell. */
const niceStep = (span, value) => niceCeiling(Math.max(span, value / 1000) / 5);

/** A round number at or below a value, in steps that fit a span. */
function niceFloor(value, span) {
  const step = niceStep(span, value);
  return Math.floor(value / step) * step;
}

/** A quantity for each interval of simulated time. */
function overTime(data, title, about, unit, values, marks = []) {
  const at = (place) => Number(((place + 0.5) * data.interval_s).toPrecision(9));
  const series = runLines(data, (run) => values(run).map((value, place) => [at(place), value]));
  return new Figure({ title, about, x: { name: "simulated s", max: data.intervals * data.interval_s }, y: { name: unit }, series, marks });
}

function arrivals(data) {
  const same = data.runs.every((run) => String(run.arrivals) === String(data.runs[0].arrivals));
  const about = `Requests per second, in intervals of ${readable(data.interval_s)} s.`;
  const shown = same && data.runs.length > 1 ? { ...data, runs: [{ ...data.runs[0], label: "all runs" }] } : data;
  return overTime(shown, "Arrivals", about, "requests/s", (run) => run.arrivals);
}

function overTimeFigures(data) {
  const limits = [...new Set(data.runs.flatMap((run) => run.slo.filter((one) => one.name === "ttft").map((one) => one.limit_ms)))];
  const figures = [
    arrivals(data),
    overTime(data, "Completions", `Finished requests per second, in intervals of ${readable(data.interval_s)} s.`, "requests/s",
      (run) => run.completions),
    overTime(data, "Rolling P99 of TTFT", `ms, over the requests that arrived in the last ${readable(data.window_s)} s.`, "ms",
      (run) => run.rolling_ttft_ms, limits.map((limit) => ({ y: limit, label: `SLO ${readable(limit)} ms` }))),
  ];
  if (data.runs.some((run) => run.transfer_bytes_s.some((value) => value > 0))) {
    figures.push(overTime(data, "KV transfers", "GB/s that hand-offs moved between instances.", "GB/s",
      (run) => run.transfer_bytes_s.map((value) => value / 1e9)));
  }
  return figures;
}

/** Where the time of requests went, a figure for each run, all on one scale. */
function stageFigures(data) {
  const colors = ["#9aa5b1", "#0072b2", "#d55e00", "#e69f00", "#cc79a7", "#009e73", "#56b4e9"];
  const totals = data.runs.flatMap((run) => run.stage_ms.filter((row) => row !== null).map((row) => row.reduce((a, b) => a + b, 0)));
  const max = Math.max(1e-3, ...totals);
  const interval = niceCeiling(max / 4);
  const top = interval * Math.ceil(max / interval);
  return data.runs.map((run) => new Figure({
    title: data.runs.length > 1 ? `Where the time went: ${run.label}` : "Where the time went",
    about: "Mean ms in each stage of a request, by the moment of its arrival. The stages sum up to its latency.",
    x: { name: "arrival, simulated s", max: data.intervals * data.interval_s }, y: { name: "ms", max: top, interval },
    series: data.stages.map((stage, place) => ({
      name: stage, color: colors[place], area: true,
      points: run.stage_ms.map((row, bin) => (row === null ? null : [Number(((bin + 0.5) * data.interval_s).toPrecision(9)), row[place]]))
        .filter((point) => point !== null),
    })),
  }));
}
