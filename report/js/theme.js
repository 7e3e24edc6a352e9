/* Colours: those of the page come from its style, those of lines can be told apart by colour-blind eyes and on both grounds. */

/** Palette of Okabe and Ito (https://jfly.uni-koeln.de/color/), its yellow and black left out; lines beyond it are dashed. */
const palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const dashes = ["solid", "dashed", "dotted"];

const lineStyle = (index) => ({
  color: palette[index % palette.length],
  dash: dashes[Math.floor(index / palette.length) % dashes.length],
});

const darkGround = window.matchMedia("(prefers-color-scheme: dark)");

/** Colours of text and lines for a plot. */
function theme(isDark) {
  return isDark
    ? { ink: "#e6eaef", soft: "#9aa5b1", line: "#30363d", ground: "#161b22" }
    : { ink: "#1c2128", soft: "#57606a", line: "#d8dee4", ground: "#ffffff" };
}
