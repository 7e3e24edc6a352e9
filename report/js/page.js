/* The page: sections in the order in which they are read. */

(function show() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("main");
  const names = data.runs.map((run) => run.label);
  const title = names.length === 1 ? names[0] : `${names.length} runs compared`;
  document.title = `${title} – simhost report`;
  document.getElementById("title").textContent = title;
  const unique = (list) => [...new Set(list)].join(", ");
  document.getElementById("subtitle").textContent =
    `${unique(data.runs.map((run) => run.made.workload))} on ${unique(data.runs.map((run) => run.made.cluster))}`;

  const section = (id, name, ...content) => {
    main.append(make("section", { id, "aria-labelledby": `${id}-title` }, make("h2", { id: `${id}-title` }, name), ...content));
    document.getElementById("sections").append(make("a", { href: `#${id}` }, name));
  };
  const grid = (list) => make("div", { class: "figures" }, ...list.map((figure) => figure.element));

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

  for (const figure of figures) figure.draw();
  instances.draw();
})();
