/* A sweep: what each combination of values gave, as lines, heat maps and fronts. */

/** Quantities of a point; `better` is the end at which a value is good. */
const sweepMetrics = [
  { field: "request_goodput", name: "Goodput", unit: "requests/s", better: "high" },
  { field: "slo_share", name: "Objectives kept", unit: "%", better: "high", scale: 100 },
  { field: "mean_ttft_ms", name: "Mean TTFT", unit: "ms", better: "low" },
  { field: "p99_ttft_ms", name: "P99 of TTFT", unit: "ms", better: "low" },
  { field: "mean_tpot_ms", name: "Mean TPOT", unit: "ms", better: "low" },
  { field: "p99_tpot_ms", name: "P99 of TPOT", unit: "ms", better: "low" },
  { field: "p99_e2el_ms", name: "P99 of latency", unit: "ms", better: "low" },
  { field: "output_throughput", name: "Output tokens", unit: "tokens/s", better: "high" },
];

const metricValue = (point, metric) =>
  point.means[metric.field] === undefined ? null : point.means[metric.field] * (metric.scale ?? 1);

/** Files without their folders, parameters without `param.`. */
const shortName = (text) => text.split("/").at(-1).replace(/^param\./, "");

/** What differs in a sweep: policies, then the axes; each with its values in their order. The last axis is always one. */
function sweepDimensions(sweep) {
  const all = [{ name: "policy", of: (point) => point.policy },
    ...sweep.axes.map((name, place) => ({ name: shortName(name), of: (point) => point.values[place] }))];
  const dimensions = all.map((one) => {
    const values = [...new Set(sweep.points.map(one.of))];
    const isNumeric = values.every((value) => value !== "" && Number.isFinite(Number(value)));
    if (isNumeric) values.sort((a, b) => Number(a) - Number(b));
    return { ...one, values, isNumeric };
  });
  return dimensions.filter((one, place) => one.values.length > 1 || place === dimensions.length - 1);
}

const pointName = (dimensions, point) =>
  dimensions.map((one) => `${one.name} ${shortName(one.of(point))}`).join(", ") || point.policy;

/** A metric over the last dimension, a line for each combination of the others. */
function sweepLines(sweep, dimensions, metric) {
  const last = dimensions.at(-1);
  const others = dimensions.slice(0, -1);
  const groups = new Map();
  for (const point of sweep.points) {
    const name = pointName(others, point);
    const value = metricValue(point, metric);
    if (value === null) continue;
    const x = last.isNumeric ? Number(last.of(point)) : last.values.indexOf(last.of(point));
    groups.set(name, [...(groups.get(name) ?? []), [x, value]]);
  }
  if (groups.size === 0 || groups.size > 18) return null;
  const series = [...groups].map(([name, points], place) =>
    ({ name, ...lineStyle(place), points: points.sort((a, b) => a[0] - b[0]) }));
  const places = series.flatMap((one) => one.points.map((point) => point[0]));
  const x = last.isNumeric
    ? { name: last.name, min: Math.min(...places), max: Math.max(...places) }
    : { name: last.name, categories: last.values.map(shortName) };
  return new Figure({ title: `${metric.name} over ${last.name}`, about: `${metric.unit}, means over seeds.`,
    x, y: { name: metric.unit, max: metric.unit === "%" ? 100 : undefined }, series, symbols: true });
}

/** One metric over two dimensions. */
class HeatMap extends Figure {
  constructor(description) { super({ ...description, legend: false }); }

  option(colors) {
    const { x, y, series, metric } = this.description;
    const cells = series[0].points;
    const values = cells.map((cell) => cell[2]);
    const isBetter = (a, b) => (metric.better === "low" ? a < b : a > b);
    const rows = new Map();
    for (const [, row, value] of cells) if (!rows.has(row) || isBetter(value, rows.get(row))) rows.set(row, value);
    const scale = spread(values);
    const share = (value) => (metric.better === "low" ? 1 - scale(value) : scale(value));
    const axis = (one) => ({ type: "category", data: one.categories, name: one.name, nameLocation: "middle",
      axisLabel: { color: colors.soft, hideOverlap: true }, axisLine: { lineStyle: { color: colors.soft } },
      nameTextStyle: { color: colors.soft }, splitArea: { show: false } });
    return {
      animation: false, grid: { left: 26, right: 12, top: y.name === "" ? 10 : 26, bottom: 30, containLabel: true },
      tooltip: { confine: true, backgroundColor: colors.ground, borderColor: colors.line, textStyle: { color: colors.ink, fontSize: 12 },
        formatter: ({ value }) => [`${x.name} ${x.categories[value[0]]}`, `${y.name} ${y.categories[value[1]]}`,
          `${readable(value[2])} ${metric.unit}`].map(escaped).join("<br>") },
      xAxis: { ...axis(x), nameGap: 28 }, yAxis: { ...axis(y), nameGap: 8, nameLocation: "end", nameTextStyle: { color: colors.soft, align: "left" } },
      // Cividis: the same to colour-blind eyes, and in grey.
      visualMap: { show: false, min: 0, max: 1, dimension: 3,
        inRange: { color: ["#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838"] } },
      series: [{ type: "heatmap", data: cells.map((cell) => {
        const [, row, value] = cell;
        const isBest = value === rows.get(row) && x.categories.length > 1;
        return { value: [...cell, share(value)], label: { show: cells.length <= 150, fontSize: 11, color: share(value) > 0.55 ? "#000" : "#fff",
          formatter: `${isBest ? "★ " : ""}${compactNumber(value)}` } };
      }) }],
    };
  }

  csv() {
    const { x, y, series, metric } = this.description;
    return csv([x.name, y.name, metric.field],
      series[0].points.map(([a, b, value]) => [x.categories[a], y.categories[b], value]));
  }
}

/** Places values between 0 and 1, by their logarithms where they differ by far. */
function spread(values) {
  const isWide = Math.min(...values) > 0 && Math.max(...values) > 20 * Math.min(...values);
  const place = isWide ? Math.log : (value) => value;
  const [least, most] = [place(Math.min(...values)), place(Math.max(...values))];
  return (value) => (most === least ? 0.5 : (place(value) - least) / (most - least));
}

/** What the library's tooltips take as markup is text here. */
const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const compactNumber = (value) => {
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${(value / 1e3).toPrecision(3)}k`;
  return String(Number(value.toPrecision(3)));
};

function heatMap(sweep, dimensions, metric, rest) {
  const [yAxis, xAxis] = dimensions.length > 1 ? dimensions.slice(-2) : [{ name: "", values: [""], of: () => "" }, dimensions[0]];
  const others = dimensions.slice(0, -2);
  const cells = sweep.points.filter((point) => pointName(others, point) === rest)
    .map((point) => [xAxis.values.indexOf(xAxis.of(point)), yAxis.values.indexOf(yAxis.of(point)), metricValue(point, metric)])
    .filter((cell) => cell[2] !== null);
  if (cells.length === 0) return null;
  return new HeatMap({
    title: metric.name, metric,
    about: `${metric.unit}, means over seeds; brighter is better, ★ best for its ${yAxis.name || "row"}.${others.length > 0 ? ` ${rest}.` : ""}`,
    x: { name: xAxis.name, categories: xAxis.values.map(shortName) }, y: { name: yAxis.name, categories: yAxis.values.map(shortName) },
    series: [{ name: metric.name, points: cells }],
  });
}

/** Points of two quantities, and those of them that no other point beats in both. */
class Front extends Figure {
  option(colors) {
    const { series } = this.description;
    const base = super.option(colors);
    const type = (one) => (one.name === "front" ? {} : { type: "scatter", symbolSize: 8, itemStyle: { opacity: 0.75 }, showSymbol: true });
    const isWide = (place) => {
      const values = series.flatMap((one) => one.points.map((point) => point[place]));
      return Math.min(...values) > 0 && Math.max(...values) > 20 * Math.min(...values);
    };
    const axes = {};
    if (isWide(0)) axes.xAxis = { ...base.xAxis, type: "log", min: undefined };
    if (isWide(1)) axes.yAxis = { ...base.yAxis, type: "log", min: undefined };
    return { ...base, ...axes,
      tooltip: { ...base.tooltip, trigger: "item", formatter: ({ value, seriesIndex, dataIndex }) => {
        const shown = series.filter((one) => !this.hidden.has(one.name));
        return [shown[seriesIndex].labels[dataIndex], `${this.description.x.name} ${readable(value[0])}`,
          `${this.description.y.name} ${readable(value[1])}`].map(escaped).join("<br>");
      } },
      series: base.series.map((one, place) => {
        const own = series.filter((other) => !this.hidden.has(other.name))[place];
        return own.name === "front" ? { ...one, showSymbol: false, step: own.step } : { ...one, ...type(own) };
      }) };
  }
}

/** The points that no other point beats in both quantities, from the best of the first on. */
function paretoFront(points, [a, b]) {
  const sign = (metric) => (metric.better === "low" ? 1 : -1);
  const sorted = [...points].sort((p, q) => sign(a) * (p.x - q.x) || sign(b) * (p.y - q.y));
  const front = [];
  for (const point of sorted) {
    if (front.length === 0 || sign(b) * (point.y - front.at(-1).y) < 0) front.push(point);
  }
  return front.sort((p, q) => p.x - q.x);
}

function frontFigure(sweep, dimensions, pair) {
  const known = sweep.points.map((point) => ({ x: metricValue(point, pair[0]), y: metricValue(point, pair[1]), point }))
    .filter((one) => one.x !== null && one.y !== null);
  if (known.length < 2) return null;
  const front = paretoFront(known, pair);
  const kind = dimensions[0];
  const groups = kind !== undefined && kind.values.length <= 6 && dimensions.length > 1 ? kind.values : [null];
  const labels = (list) => list.map((one) => pointName(dimensions, one.point));
  const series = groups.map((value, place) => {
    const members = known.filter((one) => value === null || kind.of(one.point) === value);
    return { name: value === null ? "points" : `${kind.name} ${shortName(value)}`, ...lineStyle(place),
      points: members.map((one) => [one.x, one.y]), labels: labels(members) };
  }).filter((one) => one.points.length > 0);
  series.push({ name: "front", color: "#7d8590", dash: "dashed", points: front.map((one) => [one.x, one.y]), labels: labels(front) });
  const [least, most] = [Math.min(...known.map((one) => one.x)), Math.max(...known.map((one) => one.x))];
  const min = least > 0.5 * most ? niceFloor(least, most - least) : 0;
  return new Front({
    title: `${pair[1].name} against ${pair[0].name}`,
    about: `Each point is a combination. The dashed front joins those that no other beats in both: ${front.length}.`,
    x: { name: `${pair[0].name}, ${pair[0].unit}`, min }, y: { name: `${pair[1].name}, ${pair[1].unit}` }, series,
  });
}

function sweepTable(sweep, dimensions) {
  const metrics = sweepMetrics.filter((metric) => sweep.points.some((point) => metricValue(point, metric) !== null));
  const rows = sweep.points.map((point, run) => [dimensions.length > 0 ? shortName(dimensions[0].of(point)) : point.policy,
    ...dimensions.slice(1).map((one) => shortName(one.of(point))),
    ...metrics.map((metric) => ({ text: readable(metricValue(point, metric)), value: point.means[metric.field] ?? null, field: metric.field, run })),
    point.bottleneck]);
  return table([dimensions[0]?.name ?? "policy", ...dimensions.slice(1).map((one) => one.name),
    ...metrics.map((metric) => `${metric.name}, ${metric.unit}`), "bottleneck"], rows.slice(0, 2000), { label: "Points" });
}

/** The sections of a sweep. */
function showSweep(sweep, section, grid) {
  const dimensions = sweepDimensions(sweep);
  const metrics = sweepMetrics.filter((metric) => sweep.points.some((point) => metricValue(point, metric) !== null));
  const chosen = metrics.filter((metric) => ["request_goodput", "slo_share", "p99_ttft_ms", "p99_tpot_ms"].includes(metric.field));
  const main = chosen.length >= 4 ? chosen : metrics.slice(0, 4);

  const lines = main.map((metric) => sweepLines(sweep, dimensions, metric)).filter((figure) => figure !== null);
  if (lines.length > 0) section("lines", `Over ${dimensions.at(-1).name}`, grid(lines));

  const others = dimensions.slice(0, -2);
  const rests = [...new Set(sweep.points.map((point) => pointName(others, point)))];
  const pick = make("select", { "aria-label": "Combination that the heat maps show" },
    ...rests.map((rest) => make("option", { value: rest }, rest)));
  const space = make("div", { class: "figures" });
  let shown = [];
  const draw = () => {
    for (const figure of shown) figure.remove();
    shown = main.map((metric) => heatMap(sweep, dimensions, metric, pick.value)).filter((figure) => figure !== null);
    space.replaceChildren(...shown.map((figure) => figure.element));
    for (const figure of shown) figure.draw();
  };
  pick.addEventListener("change", draw);
  const picker = rests.length > 1 ? [make("div", { class: "picker" }, make("label", {}, "For ", pick))] : [];
  section("maps", "Heat maps", ...picker, space);

  const find = (field) => metrics.find((metric) => metric.field === field);
  const fronts = [["p99_ttft_ms", "p99_tpot_ms"], ["p99_e2el_ms", "output_throughput"]]
    .map((pair) => pair.map(find)).filter((pair) => pair.every((metric) => metric !== undefined))
    .map((pair) => frontFigure(sweep, dimensions, pair)).filter((figure) => figure !== null);
  if (fronts.length > 0) section("fronts", "Trade-offs", grid(fronts));
  section("points", "Points", sweepTable(sweep, dimensions));
  return draw;
}
