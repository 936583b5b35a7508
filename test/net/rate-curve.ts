import { type Cubic, decrease, rateAt, slowStart } from '../../src/net/cubic.js';

/** The picture in `docs/rate.svg`: `scripts/rate-curve.ts` writes it, a test compares it. */
const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [900, 320, 50, 40, 20];
const MAX_RPS = 75;
const PAUSE_MS = 1000;
const RISES_AT_MS = 150_000;
const END_MS = 330_000;
const STEP_MS = 250;
const limitAt = (ms: number) => (ms < RISES_AT_MS ? 40 : 60);
const x = (ms: number) => LEFT + (ms / END_MS) * (WIDTH - LEFT - 10);
const y = (rps: number) => HEIGHT - BOTTOM - (rps / MAX_RPS) * (HEIGHT - BOTTOM - TOP);
const point = (ms: number, rps: number) => `${x(ms).toFixed(1)},${y(rps).toFixed(1)}`;

/** A host that refuses what is above its limit at once, and asks for a second of pause. */
function curve(): string[] {
  let cubic: Cubic = slowStart(MAX_RPS, 0);
  const points: string[] = [];
  for (let ms = 0; ms <= END_MS; ms += STEP_MS) {
    const rps = rateAt(cubic, ms);
    points.push(point(ms, rps));
    // A bucket of a second's worth lets a little more pass for a while.
    if (rps > limitAt(ms) * 1.02) {
      points.push(point(ms, 0), point(ms + PAUSE_MS, 0));
      cubic = decrease(cubic, limitAt(ms), PAUSE_MS, ms + PAUSE_MS);
      ms += PAUSE_MS - STEP_MS;
    }
  }
  return points;
}

export function rateCurveSvg(): string {
  const text = (atX: number, atY: number, words: string, anchor = 'start') =>
    `<text x="${atX.toFixed(1)}" y="${atY.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
  const rpsTicks = [0, 20, 40, 60].map((rps) => text(LEFT - 6, y(rps) + 4, String(rps), 'end'));
  const timeTicks = [0, 60, 120, 180, 240, 300].map((s) => text(x(s * 1000), HEIGHT - BOTTOM + 16, `${s} s`, 'middle'));
  const limit = [0, RISES_AT_MS, RISES_AT_MS, END_MS].map((ms, i) => point(ms, limitAt(i < 2 ? 0 : RISES_AT_MS)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    '<title>The rate of requests against a host whose limit rises once</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="white"/>`,
    `<path d="M${LEFT},${TOP} V${HEIGHT - BOTTOM} H${WIDTH - 10}" fill="none" stroke="#444"/>`,
    ...rpsTicks,
    ...timeTicks,
    text(LEFT + 4, TOP + 2, 'requests a second, --rps 75'),
    text(x(250_000), y(60) - 8, 'what the host allows'),
    text(
      WIDTH / 2,
      HEIGHT - 6,
      'slow start, then at each refusal: pause, 0.9 of what was served, flat around it, faster beyond it',
      'middle',
    ),
    `<polyline points="${limit.join(' ')}" fill="none" stroke="#c33" stroke-dasharray="5 4"/>`,
    `<polyline points="${curve().join(' ')}" fill="none" stroke="#15c" stroke-width="1.5"/>`,
    '</svg>',
    '',
  ].join('\n');
}
