import { createLogUpdate } from 'log-update';
import type { Logger } from 'pino';
import type { LoadFigures } from './figures.js';
import { formatCount, formatEta } from './format.js';

export interface Progress {
  update(figures: LoadFigures): void;
  /** Takes the live block away; the log flows freely again. */
  end(): void;
}

const LOG_EVERY_MS = 10_000;
const BAR_CELLS = 32;

/** On a terminal a live block with the log scrolling above it; elsewhere a log line every 10 seconds. */
export function openProgress(log: Logger, setConsole: (write: (line: string) => void) => void): Progress {
  return process.stderr.isTTY ? liveBlock(setConsole) : logLines(log);
}

function liveBlock(setConsole: (write: (line: string) => void) => void): Progress {
  const block = createLogUpdate(process.stderr);
  let last = '';
  setConsole((line) => {
    block.clear();
    process.stderr.write(line);
    block(last);
  });
  return {
    update(figures) {
      last = renderBlock(figures);
      block(last);
    },
    end() {
      block.clear();
      block.done();
      setConsole((line) => void process.stderr.write(line));
    },
  };
}

function logLines(log: Logger): Progress {
  let loggedAt = 0;
  return {
    update(figures) {
      const now = performance.now();
      if (loggedAt !== 0 && now - loggedAt < LOG_EVERY_MS) return;
      loggedAt = now;
      log.info(renderLine(figures));
    },
    end() {},
  };
}

export function renderBlock(f: LoadFigures): string {
  const asides = f.setAside > 0 ? ` · ${formatCount(f.setAside)} chunks set aside` : '';
  return [
    `${f.name}  ${bar(f)}${rowsOf(f)} rows`,
    `  ${formatCount(Math.round(f.pace.rowsPerS))} rows/s · ${f.pace.requestsPerS.toFixed(1)} requests/s of ${f.rps.toFixed(0)} · ` +
      `${f.inFlight} chunks in flight · ${formatCount(f.throttled)} throttled${asides}`,
    `  ETA ${formatEta(f.pace.etaMs)} · bound by ${f.pace.bound}`,
  ].join('\n');
}

function bar({ rowsInAll: done, expectedRows: expected }: LoadFigures): string {
  if (expected === null) return '';
  const share = shareOf(done, expected);
  const full = Math.round(share * BAR_CELLS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${(share * 100).toFixed(1)} %  `;
}

function renderLine(f: LoadFigures): string {
  const share = f.expectedRows === null ? '' : ` ${(shareOf(f.rowsInAll, f.expectedRows) * 100).toFixed(1)} %`;
  return (
    `${f.name}${share}: ${rowsOf(f)} rows, ` +
    `${formatCount(Math.round(f.pace.rowsPerS))} rows/s, ${f.pace.requestsPerS.toFixed(1)} requests/s, ${f.inFlight} chunks in flight, ` +
    `${formatCount(f.throttled)} throttled, ${f.setAside} set aside, ETA ${formatEta(f.pace.etaMs)}, bound by ${f.pace.bound}`
  );
}

function rowsOf({ rowsInAll: done, expectedRows: expected }: LoadFigures): string {
  return expected === null ? formatCount(done) : `${formatCount(done)} of ${formatCount(expected)}`;
}

function shareOf(done: number, expected: number): number {
  return expected > 0 ? Math.min(1, done / expected) : 1;
}
