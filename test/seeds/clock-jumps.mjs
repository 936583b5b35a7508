/** Loaded into the program under test by `--import`: a wall clock that jumps by up to a day, back and forth. */
const RealDate = Date;
let state = Number(process.env.BACKFILL_CLOCK_JUMPS ?? '1') >>> 0;
let offsetMs = 0;
let nextMs = 0;

function unit() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

function jumped() {
  const uptimeMs = performance.now();
  while (uptimeMs > nextMs) {
    offsetMs = unit() < 0.3 ? 0 : Math.round((unit() * 2 - 1) * 86_400_000);
    nextMs += 300 + unit() * 1700;
  }
  return RealDate.now() + offsetMs;
}

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(jumped());
    else super(...args);
  }

  static now() {
    return jumped();
  }
};
