import { renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type DestinationStream, type Logger, multistream, pino, type StreamEntry } from 'pino';

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
 * Lines for people on stderr, JSON lines in files. Known secrets are cut out of every line, whatever field they came
 * in: an error of a library may quote a header or a URL.
 */
export function openLog(options: { level: string; secrets: readonly string[]; file?: string | undefined }): LogSinks {
  let writeConsole: (line: string) => void = (line) => {
    process.stderr.write(line);
  };
  const hide = hider(options.secrets);
  const prettify = prettyFactory({
    colorize: process.stderr.isTTY === true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
  });
  const people: DestinationStream = { write: (line) => writeConsole(prettify(line)) };
  const streams = multistream([{ level: options.level as never, stream: hidden(people, hide) }]);
  const files = multistream([]);
  const addFile = (path: string) => {
    const entry: StreamEntry = { level: options.level as never, stream: hidden(boundedFile(path), hide) };
    streams.add(entry);
    files.add(entry);
  };
  const log = pino({ level: options.level, base: null }, streams);
  const fileLog = pino({ level: options.level, base: null }, files);
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

export const SECRET_PLACEHOLDER = '[secret]';

/** Cuts secrets out of a text, also as URLs, headers and JSON write them. */
export function hider(secrets: readonly string[]): (text: string) => string {
  // Short ones would cut innocent words; a password of three letters protects nothing anyway.
  const forms = secrets
    .filter((secret) => secret.length >= 4)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString('base64'),
      JSON.stringify(secret).slice(1, -1),
    ]);
  return (text) => forms.reduce((line, form) => line.replaceAll(form, SECRET_PLACEHOLDER), text);
}

function hidden(stream: DestinationStream, hide: (text: string) => string): DestinationStream {
  return { write: (line) => stream.write(hide(line)) };
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
