/* Instances over time: one run at a time, chosen above the figures. */

function instancesSection(data) {
  const withSeries = data.runs.filter((run) => run.series !== undefined);
  const content = make("div", {});
  if (withSeries.length === 0) {
    content.append(make("p", { class: "note" }, "These runs kept no time series."), instanceTable(data.runs[0]));
    return { content, draw() {} };
  }
  const space = make("div", { class: "figures" });
  const tables = make("div", {});
  let shown = [];
  const pickRun = make("select", { "aria-label": "Run whose instances are shown" },
    ...withSeries.map((run, place) => make("option", { value: place }, run.label)));
  const pickInstance = make("select", { "aria-label": "Instance whose KV cache is shown" });

  const run = () => withSeries[Number(pickRun.value)];
  const draw = () => {
    for (const figure of shown) figure.remove();
    shown = [kvFigure(run(), Number(pickInstance.value)), ...instanceFigures(run())];
    space.replaceChildren(...shown.map((figure) => figure.element));
    tables.replaceChildren(instanceTable(run()));
    for (const figure of shown) figure.draw();
  };
  const chooseRun = () => {
    pickInstance.replaceChildren(...run().instances.map((one, place) => make("option", { value: place }, one.name)));
    // Decoding is where KV memory runs out.
    pickInstance.value = String(Math.max(0, run().instances.findIndex((one) => one.role !== "prefill")));
    draw();
  };
  pickRun.addEventListener("change", chooseRun);
  pickInstance.addEventListener("change", draw);

  const picker = make("div", { class: "picker" });
  if (withSeries.length > 1) picker.append(make("label", {}, "Run ", pickRun));
  picker.append(make("label", {}, "KV cache of ", pickInstance));
  content.append(picker, space, make("h3", { style: "margin: 18px 0 8px" }, "Totals"), tables);
  return { content, draw: chooseRun };
}

const at = (run, values) => run.series.time_s.map((time, place) => [time, values[place]]);

function kvFigure(run, index) {
  const one = run.series.instances[index];
  const blocks = Math.max(1, run.instances[index].kv_capacity_blocks);
  const part = (name, color, values) =>
    ({ name, color, area: true, points: at(run, values.map((value) => (100 * value) / blocks)) });
  return new Figure({
    title: `KV cache of ${run.instances[index].name}`,
    about: "% of its blocks: used by its requests, reserved for hand-offs on their way here, in flight to another instance.",
    x: { name: "simulated s", max: run.series.time_s.at(-1) }, y: { name: "%" },
    series: [part("used", "#0072b2", one.kv_used), part("reserved", "#e69f00", one.kv_reserved),
      part("in flight", "#cc79a7", one.kv_in_flight)],
  });
}

function instanceFigures(run) {
  const figure = (title, about, unit, values) => new Figure({
    title, about, x: { name: "simulated s", max: run.series.time_s.at(-1) }, y: { name: unit },
    series: run.instances.map((one, place) =>
      ({ name: one.name, ...lineStyle(place), points: at(run, values(run.series.instances[place])) })),
  });
  return [
    figure("Batch size", "Requests in the running set.", "requests", (one) => one.running),
    figure("Queue", "Requests that wait for an instance, those on the way to it included.", "requests", (one) => one.waiting),
    figure("Tokens per second", "Prompt and output tokens that an instance computed.", "tokens/s",
      (one) => one.prefill_tokens_s.map((value, place) => value + one.decode_tokens_s[place])),
  ];
}
