/* The page: sections in the order in which they are read. */

(function show() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("main");
  const section = (id, name, ...content) => {
    main.append(make("section", { id, "aria-labelledby": `${id}-title` }, make("h2", { id: `${id}-title` }, name), ...content));
    document.getElementById("sections").append(make("a", { href: `#${id}` }, name));
  };
  const grid = (list) => make("div", { class: "figures" }, ...list.map((figure) => figure.element));
  const head = (title, subtitle) => {
    document.title = `${title} – simhost report`;
    document.getElementById("title").textContent = title;
    document.getElementById("subtitle").textContent = subtitle;
  };
  const unique = (list) => [...new Set(list)].join(", ");
  const drawing = [];

  if (data.sweep !== undefined) {
    const { sweep } = data;
    head(`Sweep over ${sweep.axes.map(shortName).join(", ") || "policies"}`,
      `${sweep.points.length} points of ${unique(sweep.points.map((point) => point.policy))}, from ${shortName(sweep.file)}`);
    drawing.push(showSweep(sweep, section, grid));
  }
  if (data.comparisons !== undefined) {
    const names = unique(data.comparisons.flatMap((one) => [one.baseline, ...one.against.map((pair) => pair.name)]));
    head(`${names} compared`, unique(data.comparisons.map((one) => one.workload)));
    showComparisons(data.comparisons, section, grid);
  }
  if (data.runs.length > 0) {
    const names = data.runs.map((run) => run.label);
    if (data.comparisons === undefined) {
      head(names.length === 1 ? names[0] : `${names.length} runs compared`,
        `${unique(data.runs.map((run) => run.made.workload))} on ${unique(data.runs.map((run) => run.made.cluster))}`);
    } else {
      main.append(make("p", { class: "note" }, `What follows shows the runs of the first seed, ${unique(data.runs.map((run) => run.made.seed))}.`));
    }
    const curves = ["ttft", "tpot", "itl", "e2el"].map((metric) => distribution(data, metric)).filter((figure) => figure !== null);
    section("latency", "Latency", grid(curves));
    const slo = attainment(data);
    if (slo !== null) section("slo", "SLO attainment", slo);
    section("numbers", "Numbers", overview(data));
    section("stages", "Where the time went", grid(stageFigures(data)));
    section("time", "Over time", grid(overTimeFigures(data)));
    const instances = instancesSection(data);
    section("instances", "Instances", instances.content);
    section("made", "Made from", make("div", { class: "columns" }, ...data.runs.map(provenance)));
    drawing.push(instances.draw);
  }

  for (const figure of figures) figure.draw();
  for (const draw of drawing) draw();
})();
