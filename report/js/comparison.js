/* A comparison: is the difference real? */

/** Differences in % of the baseline with their intervals, a line for each metric. */
class Intervals extends Figure {
  constructor(description) { super({ ...description, legend: false }); }

  option(colors) {
    const { series } = this.description;
    const rows = series[0].rows;
    const color = (row) => (!row.significant ? colors.soft : row.better ? "#009e73" : "#d55e00");
    const extent = Math.max(...rows.flatMap((row) => [row.mean, row.lower, row.upper].map((value) => Math.abs(value ?? 0))), 1e-9);
    const limit = niceCeiling(1.05 * extent);
    return {
      animation: false, grid: { left: 10, right: 22, top: 8, bottom: 30, containLabel: true },
      tooltip: { trigger: "item", confine: true, backgroundColor: colors.ground, borderColor: colors.line,
        textStyle: { color: colors.ink, fontSize: 12 },
        formatter: ({ value }) => {
          const row = rows[value[1]];
          return [row.title, `${signed(row.mean)} %`, row.lower === null ? "no interval" : `95 %: ${signed(row.lower)} to ${signed(row.upper)} %`]
            .map(escaped).join("<br>");
        } },
      xAxis: { type: "value", name: "% of the baseline", nameLocation: "middle", nameGap: 28, min: -limit, max: limit, interval: limit / 2,
        axisLabel: { color: colors.soft, formatter: axisText, hideOverlap: true }, splitLine: { lineStyle: { color: colors.line } },
        nameTextStyle: { color: colors.soft } },
      yAxis: { type: "category", inverse: true, data: rows.map((row) => row.title), axisTick: { show: false },
        axisLabel: { color: colors.ink, interval: 0, fontSize: 11 }, axisLine: { show: false } },
      series: [
        ...rows.map((row, place) => ({ type: "line", data: row.lower === null ? [] : [[row.lower, place], [row.upper, place]],
          symbol: "none", silent: true, lineStyle: { width: 3, color: color(row), opacity: 0.6 } })),
        { type: "scatter", symbolSize: 9, data: rows.map((row, place) => ({ value: [row.mean, place], itemStyle: { color: color(row) } })),
          markLine: { silent: true, symbol: "none", label: { show: false }, lineStyle: { color: colors.ink, width: 1, type: "solid" }, data: [{ xAxis: 0 }] } },
      ],
    };
  }

  csv() {
    const rows = this.description.series[0].rows;
    return csv(["metric", "difference_percent", "lower_95_percent", "upper_95_percent", "significant"],
      rows.map((row) => [row.title, row.mean, row.lower, row.upper, row.significant ? "yes" : "no"]));
  }
}

const signed = (value) => (value > 0 ? "+" : "") + readable(value);

function intervalFigure(comparison, pair) {
  const rows = pair.metrics.filter((row) => row.baseline !== 0).map((row) => {
    const share = (value) => (value === null ? null : (100 * value) / Math.abs(row.baseline));
    return { title: row.title, mean: share(row.difference), lower: share(row.lower_95), upper: share(row.upper_95),
      significant: row.significant, better: row.better };
  });
  return new Intervals({
    title: `${pair.name} less ${comparison.baseline}`,
    about: "Difference in % of the baseline, with 95 % intervals. Green is significantly better, red significantly worse, grey neither.",
    series: [{ name: pair.name, rows, points: rows.map((row, place) => [row.mean, place]) }],
  });
}

function differenceTable(comparison, pair) {
  const run = comparison.against.indexOf(pair);
  const rows = pair.metrics.map((row) => [row.title, { text: readable(row.baseline) },
    { text: readable(row.candidate), value: row.candidate, field: row.name, run, best: row.significant && row.better },
    { text: signed(row.difference), value: row.difference, field: `difference_${row.name}`, run },
    row.baseline === 0 ? "–" : `${signed((100 * row.difference) / Math.abs(row.baseline))} %`,
    row.lower_95 === null ? "–" : `${signed(row.lower_95)} to ${signed(row.upper_95)}`, `${row.wins} : ${row.losses}`,
    row.significant ? (row.better ? "better" : "worse") : "–"]);
  return table(["", comparison.baseline, pair.name, "difference", "%", "95 % interval", "wins", "significant"], rows,
    { label: `${pair.name} and ${comparison.baseline}` });
}

function changedTable(pair) {
  if (pair.changed_most.length === 0) return [];
  const rows = pair.changed_most.map((one) => [`seed ${one.seed}, request ${one.request}`, `${one.prompt_tokens} + ${one.output_tokens}`,
    { text: readable(one.baseline_e2el_ms) }, { text: readable(one.candidate_e2el_ms) }, one.stage, `${signed(one.stage_change_ms)}`]);
  return [make("h3", { style: "margin: 18px 0 8px" }, "Requests whose latency changed most"),
    table(["", "tokens", "before, ms", "after, ms", "stage", "by ms"], rows, { label: "Requests whose latency changed most" })];
}

/** The sections of comparisons: one for each workload, cluster or policy that was not compared. */
function showComparisons(comparisons, section, grid) {
  comparisons.forEach((comparison, place) => {
    const shared = Object.entries(comparison).filter(([name]) => ["cluster", "workload", "policy"].includes(name))
      .map(([name, value]) => `${name} ${value}`).join(", ");
    const verdicts = comparison.against.map((pair) => make("p", {}, make("strong", {}, `${pair.name}: ${pair.verdict}`),
      pair.verdict === "better" || pair.verdict === "worse" ? ` than ${comparison.baseline}` : ` against ${comparison.baseline}`));
    section(`differences-${place}`, comparisons.length > 1 ? `Differences ${place + 1}` : "Differences",
      make("p", { class: "note" }, `${comparison.seeds} seeds; ${shared}. Every candidate serves the same samples; intervals are of the mean `
        + "difference (bootstrap), significance also takes that luck gets so far in fewer than one of 100 comparisons."),
      ...verdicts, grid(comparison.against.map((pair) => intervalFigure(comparison, pair))),
      ...comparison.against.flatMap((pair) => [make("h3", { style: "margin: 18px 0 8px" }, `${pair.name} and ${comparison.baseline}`),
        differenceTable(comparison, pair), ...changedTable(pair)]));
  });
}
