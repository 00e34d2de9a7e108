// The sound of alarms: two short tones, higher and twice for an urgent one. Switched off by whoever sits here, and remembered.
const KEY = "sweepline.sound";
const TONES = { 1: [880, 660, 880, 660], 2: [660, 520] };
const TONE_S = 0.16;
let context = null;
let on = read();

function read() { try { return localStorage.getItem(KEY) !== "off"; } catch { return true; } }

export const soundIsOn = () => on;

export function switchSound() {
  on = !on;
  try { localStorage.setItem(KEY, on ? "on" : "off"); } catch { /* private window: for this page only */ }
  if (on) ring(2);
  return on;
}

/** Browsers let a page sound only after somebody touched it: get ready at the first touch. */
export function readySound() {
  const ready = () => { if (on) open(); };
  addEventListener("pointerdown", ready, { once: true });
  addEventListener("keydown", ready, { once: true });
}

function open() {
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume();
  return context;
}

export function ring(priority) {
  const tones = TONES[priority];
  if (!on || !tones) return;
  const audio = open();
  tones.forEach((hertz, i) => {
    const [tone, level] = [audio.createOscillator(), audio.createGain()];
    const at = audio.currentTime + i * TONE_S * 1.3;
    tone.frequency.value = hertz;
    level.gain.setValueAtTime(0.12, at);
    level.gain.exponentialRampToValueAtTime(0.001, at + TONE_S);
    tone.connect(level).connect(audio.destination);
    tone.start(at);
    tone.stop(at + TONE_S);
  });
}
