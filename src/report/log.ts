import { renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type DestinationStream, type Logger, type LoggerOptions, multistream, pino, type StreamEntry } from 'pino';
import { cleaner } from '../core/hide.js';

const { prettyFactory } = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty');

/** Size at which a log file begins anew: a run of hours must not fill the disk with its own words. */
const MAX_LOG_BYTES = 50_000_000;

export interface LogSinks {
  readonly log: Logger;
  /** For what the console shows in another form, like the error that ends the program. */
  toFiles(fields: object, message: string): void;
  /** Adds a file that receives the same lines as JSON; the run's own log once the run is known. */
  addFile(path: string): void;
  /** Lines for people go here; progress replaces it while its live block stands. */
  setConsole(write: (line: string) => void): void;
}

/**
 * Lines for people on stderr, JSON lines in files. Known secrets are cut out of every value, whatever field it came in, before it
 * becomes JSON: an error of a library may quote a header or a URL, and a secret may be a word or a number that JSON needs.
 * Control characters in foreign texts become visible.
 */
export function openLog(options: { level: string; secrets: readonly string[]; file?: string | undefined }): LogSinks {
  let writeConsole: (line: string) => void = (line) => {
    process.stderr.write(line);
  };
  const clean = cleaner(options.secrets);
  const settings: LoggerOptions = {
    level: options.level,
    base: null,
    hooks: {
      logMethod(args, method) {
        method.apply(this, args.map(clean) as typeof args);
      },
    },
  };
  const prettify = prettyFactory({
    colorize: process.stderr.isTTY === true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
  });
  const people: DestinationStream = { write: (line) => writeConsole(prettify(line)) };
  const streams = multistream([{ level: options.level as never, stream: people }]);
  const files = multistream([]);
  const addFile = (path: string) => {
    const entry: StreamEntry = { level: options.level as never, stream: boundedFile(path) };
    streams.add(entry);
    files.add(entry);
  };
  const log = pino(settings, streams);
  const fileLog = pino(settings, files);
  if (options.file !== undefined) addFile(options.file);
  return {
    log,
    toFiles(fields, message) {
      fileLog.error(fields, message);
    },
    addFile,
    setConsole(write) {
      writeConsole = write;
    },
  };
}

/** Synchronous: a line that was logged is in the file when the process is killed. */
function boundedFile(path: string): DestinationStream {
  const file = pino.destination({ dest: path, append: true, sync: true, mkdir: true });
  // A file that is there already counts: a run of many sittings has one log.
  let written = statSync(path).size;
  return {
    write(line) {
      written += line.length;
      if (written > MAX_LOG_BYTES) {
        written = line.length;
        rotate(path);
        file.reopen(path);
      }
      file.write(line);
    },
  };
}

function rotate(path: string): void {
  renameSync(path, `${path}.1`);
}
