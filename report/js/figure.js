/* A figure: plot, legend, and its downloads. */

/** Figures on the page, to be drawn again when its colours or its width change. */
const figures = new Set();

/**
 * A figure from a description:
 * { title, about, x: { name, min, max, categories }, y: { name, max, interval }, series: [{ name, color, dash, points, area }],
 *   marks: [{ x | y, label }], symbols, legend }.
 * Points are [x, y] with null for "none"; `area` stacks; with `categories` x is an index of one; `legend: false` has none.
 */
class Figure {
  constructor(description) {
    this.description = description;
    this.hidden = new Set();
    this.place = -1;
    const name = description.title;
    this.plot = make("div", {
      class: "plot", tabindex: "0", role: "img",
      "aria-label": `${name}. ${description.about} Arrow keys read the values; the data is offered as CSV.`,
      onkeydown: (event) => this.walk(event),
    });
    this.legend = make("div", { class: "legend", role: "group", "aria-label": `Lines of ${name}` });
    if (description.legend === false) this.legend.hidden = true;
    else for (const series of description.series) this.legend.append(this.legendButton(series));
    this.element = make("figure", {},
      make("figcaption", {}, make("h3", {}, name),
        make("span", { class: "tools" },
          make("button", { type: "button", "aria-label": `${name} as SVG`, onclick: () => this.saveSVG() }, "SVG"),
          make("button", { type: "button", "aria-label": `${name} as CSV`, onclick: () => this.saveCSV() }, "CSV")),
        make("p", {}, description.about)),
      this.plot, this.legend);
    figures.add(this);
  }

  legendButton(series) {
    const swatch = make("span", { class: series.area ? "swatch area" : "swatch" });
    if (series.area) swatch.style.background = series.color;
    else { swatch.style.borderTopColor = series.color; swatch.style.borderTopStyle = series.dash; }
    const button = make("button", { type: "button", "aria-pressed": "true" }, swatch, series.name);
    button.addEventListener("click", () => {
      const isShown = this.hidden.delete(series.name);
      if (!isShown) this.hidden.add(series.name);
      button.setAttribute("aria-pressed", String(isShown));
      this.draw();
    });
    return button;
  }

  /** Draws, once the plot stands on the page. */
  draw(isDark = darkGround.matches) {
    this.chart ??= echarts.init(this.plot, null, { renderer: "svg" });
    // A tooltip that is shown must outlive the lines that it reads.
    this.chart.setOption(this.option(theme(isDark)), { replaceMerge: ["series"] });
  }

  remove() {
    this.chart?.dispose();
    figures.delete(this);
    this.element.remove();
  }

  option(colors) {
    const { x, y, series, marks = [] } = this.description;
    const axis = { axisLine: { lineStyle: { color: colors.soft } }, axisLabel: { color: colors.soft, hideOverlap: true },
      splitLine: { lineStyle: { color: colors.line } }, nameTextStyle: { color: colors.soft } };
    const shown = series.filter((one) => !this.hidden.has(one.name));
    // The library stacks along the first axis of numbers that it finds: seconds of stacked areas are a time to it, in ms.
    const isStacked = series.some((one) => one.area);
    const scale = isStacked ? 1000 : 1;
    const xText = (value) => readable(Number((value / scale).toPrecision(6)));
    return {
      animation: false,
      grid: { left: 10, right: 22, top: marks.length > 0 ? 24 : 12, bottom: 30, containLabel: true },
      useUTC: true,
      tooltip: { trigger: "axis", confine: true, backgroundColor: colors.ground, borderColor: colors.line,
        textStyle: { color: colors.ink, fontSize: 12 }, valueFormatter: readable,
        axisPointer: { label: { formatter: ({ value }) => (x.categories ? String(value) : xText(value)) } } },
      xAxis: { ...axis, type: x.categories ? "category" : isStacked ? "time" : "value", data: x.categories, name: x.name, nameLocation: "middle", nameGap: 28,
        min: x.categories ? undefined : (x.min ?? 0) * scale, max: x.max === undefined ? undefined : x.max * scale, interval: x.interval, splitLine: { show: false },
        axisLabel: x.categories ? axis.axisLabel
          : { ...axis.axisLabel, showMaxLabel: x.showMax ?? x.max === undefined, formatter: (value) => axisText(value / scale) } },
      yAxis: { ...axis, type: "value", max: y.max, interval: y.interval, axisLabel: { ...axis.axisLabel, formatter: axisText } },
      series: shown.map((one, place) => ({
        type: "line", name: one.name, data: one.points.map(([at, value]) => [at * scale, value]), showSymbol: this.description.symbols ?? false, symbolSize: 5, color: one.color, connectNulls: false,
        lineStyle: { width: one.area ? 0 : 1.8, type: one.dash ?? "solid" },
        ...(one.area ? { stack: "all", areaStyle: { opacity: 0.85 } } : {}),
        ...(place === 0 && marks.length > 0 ? { markLine: this.markLine(marks, colors) } : {}),
      })),
    };
  }

  markLine(marks, colors) {
    return {
      silent: true, symbol: "none", lineStyle: { color: colors.ink, type: "dashed", width: 1 },
      data: marks.map((mark) => ({
        ...(mark.x === undefined ? { yAxis: mark.y } : { xAxis: mark.x }),
        label: { formatter: mark.label, color: colors.ink, position: mark.x === undefined ? "insideEndTop" : "end" },
      })),
    };
  }

  /** Reads values with the arrow keys. */
  walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -1e9, End: 1e9 }[event.key];
    if (step === undefined || this.chart === undefined) return;
    event.preventDefault();
    const shown = this.description.series.filter((one) => !this.hidden.has(one.name));
    if (shown.length === 0) return;
    this.place = Math.min(shown[0].points.length - 1, Math.max(0, this.place + step));
    this.chart.dispatchAction({ type: "showTip", seriesIndex: 0, dataIndex: this.place });
  }

  fileName(ending) {
    const words = this.description.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
    return `${words.replaceAll(/^-|-$/g, "").slice(0, 60)}.${ending}`;
  }

  /** The plot by itself, on white, with title and legend. */
  svg() {
    const colors = theme(false);
    const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: 720, height: 420 });
    const option = this.option(colors);
    chart.setOption({ ...option, backgroundColor: colors.ground,
      title: { text: this.description.title, left: 12, top: 8, textStyle: { color: colors.ink, fontSize: 15 } },
      legend: { show: true, type: "scroll", top: 32, left: 12, textStyle: { color: colors.ink } },
      grid: { ...option.grid, top: 84 } });
    const text = chart.renderToSVGString();
    chart.dispose();
    return text;
  }

  csv() {
    const { x, y, series } = this.description;
    const rows = series.flatMap((one) => one.points.map(([at, value]) => [one.name, x.categories?.[at] ?? at, value]));
    return csv(["series", x.name, y.name], rows);
  }

  saveSVG() { download(this.fileName("svg"), "image/svg+xml", this.svg()); }
  saveCSV() { download(this.fileName("csv"), "text/csv", this.csv()); }
}

/** Large numbers of an axis in thousands, millions and so on. */
function axisText(value) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e5, "k"]]) {
    if (Math.abs(value) >= size) return `${readableAxis(value / (unit === "k" ? 1e3 : size))}${unit}`;
  }
  return readableAxis(value);
}

const readableAxis = (value) => value.toLocaleString("en-US", { maximumFractionDigits: 3 });

/** Draws everything again for print, on white and scaled to the columns of the paper, and back. */
const printed = { width: 440, height: 240 };
window.addEventListener("beforeprint", () => {
  for (const figure of figures) {
    figure.chart?.resize(printed);
    figure.draw(false);
    figure.plot.querySelector("svg")?.setAttribute("viewBox", `0 0 ${printed.width} ${printed.height}`);
  }
});
window.addEventListener("afterprint", () => {
  for (const figure of figures) {
    figure.plot.querySelector("svg")?.removeAttribute("viewBox");
    figure.chart?.resize({ width: "auto", height: "auto" });
    figure.draw();
  }
});
darkGround.addEventListener("change", () => { for (const figure of figures) figure.draw(); });
window.addEventListener("resize", () => { for (const figure of figures) figure.chart?.resize(); });
