// Symbols of the map, drawn once a theme: arrows for vehicles, a diamond for cases, letters for facilities.
import { caseColours, outline, toolColours } from "./palette.js";

const SIZE = 44;

function draw(paint) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const g = canvas.getContext("2d", { willReadFrequently: true });
  g.translate(SIZE / 2, SIZE / 2);
  paint(g);
  return g.getImageData(0, 0, SIZE, SIZE);
}

function finish(g, fill, hollow) {
  g.closePath();
  g.lineJoin = "round";
  g.lineWidth = 7; g.strokeStyle = outline(); g.stroke();
  g.fillStyle = hollow ? outline() : fill; g.fill();
  g.lineWidth = hollow ? 3.5 : 1.5; g.strokeStyle = fill; g.stroke();
}

const arrow = (fill, hollow) => draw((g) => { g.beginPath(); g.moveTo(0, -16); g.lineTo(12, 13); g.lineTo(0, 7); g.lineTo(-12, 13); finish(g, fill, hollow); });
const round = (fill, hollow) => draw((g) => { g.beginPath(); g.arc(0, 0, 10, 0, 7); finish(g, fill, hollow); });
const cross = (fill) => draw((g) => {
  for (const [width, colour] of [[12, outline()], [6, fill]]) {
    g.lineWidth = width; g.strokeStyle = colour; g.lineCap = "round";
    g.beginPath(); g.moveTo(-10, -10); g.lineTo(10, 10); g.moveTo(10, -10); g.lineTo(-10, 10); g.stroke();
  }
});
const diamond = (fill) => draw((g) => {
  g.beginPath(); g.moveTo(0, -16); g.lineTo(16, 0); g.lineTo(0, 16); g.lineTo(-16, 0); finish(g, fill, false);
  g.fillStyle = outline(); g.fillRect(-2, -8, 4, 9); g.fillRect(-2, 4, 4, 4);
});
const square = (text, fill) => draw((g) => {
  g.beginPath(); g.roundRect(-15, -15, 30, 30, 6); finish(g, fill, false);
  g.fillStyle = outline(); g.font = "bold 20px system-ui, sans-serif"; g.textAlign = "center"; g.textBaseline = "middle"; g.fillText(text, 0, 1);
});

export const FACILITY_LETTERS = { depot: "D", salt_store: "S", transfer: "T", hydrant: "H", snow_dump: "X" };

/** Every image by name, in the colours of the theme now. */
export function images() {
  const found = {};
  for (const [tool, colour] of Object.entries(toolColours())) {
    found[`v-${tool}-go`] = tool === "out" ? cross(colour) : arrow(colour, tool === "stale");
    found[`v-${tool}-stay`] = tool === "out" ? cross(colour) : round(colour, tool === "stale");
  }
  for (const [state, colour] of Object.entries(caseColours())) found[`case-${state}`] = diamond(colour);
  for (const [kind, letter] of Object.entries(FACILITY_LETTERS)) found[`f-${kind}`] = square(letter, toolColours().none);
  return found;
}

/** The same as canvases, to be drawn on another. */
export function bitmaps() {
  return Object.fromEntries(Object.entries(images()).map(([name, image]) => {
    const canvas = document.createElement("canvas");
    canvas.width = image.width; canvas.height = image.height;
    canvas.getContext("2d").putImageData(image, 0, 0);
    return [name, canvas];
  }));
}
