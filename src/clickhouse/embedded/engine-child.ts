/**
 * Entry of the child process that is the embedded ClickHouse: calls clickhouse local's `main` inside the shared library
 * and stays in it until the server ends. It must be the main thread (ClickHouse measures its stack) and it must be
 * ffi-rs (koffi switches stacks). Arguments: the library's path, the ports that it may listen on (`-` for no bounds of the
 * network), then clickhouse's own argv. Its working folder is the server's folder.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { enterSandbox, type Syscall } from './sandbox.js';

const { DataType, isNullPointer, load, open, restorePointer } = createRequire(import.meta.url)(
  'ffi-rs',
) as typeof import('ffi-rs');

const [library = '', ports = '', ...argv] = process.argv.slice(2);
// Whatever the engine writes is its owner's alone.
process.umask(0o077);
open({ library: 'clickhouse', path: library });
if (process.platform === 'linux') {
  enterSandbox(systemCalls(), {
    folders: [process.cwd(), '/dev/null'],
    // Its own symbols, time zones, and what it measures of the machine; of processes only itself.
    readable: [
      dirname(library),
      '/usr/share/zoneinfo',
      '/dev/urandom',
      '/sys',
      ...['self', 'sys', 'meminfo', 'stat', 'uptime', 'loadavg', 'cpuinfo', 'diskstats'].map((name) => `/proc/${name}`),
    ],
    listenPorts: ports === '-' ? null : ports.split(',').map(Number),
  });
}

const result = load({
  library: 'clickhouse',
  funcName: 'chdb_query_cmdline',
  retType: DataType.External,
  paramsType: [DataType.I32, DataType.StringArray],
  paramsValue: [argv.length, argv],
});
const error = load({
  library: 'clickhouse',
  funcName: 'chdb_result_error',
  retType: DataType.External,
  paramsType: [DataType.External],
  paramsValue: [result],
});
let code = 0;
if (!isNullPointer(error)) {
  // The owner reads the reason here: a locked folder and a taken port are told apart by it.
  process.stderr.write(`${restorePointer({ retType: [DataType.String], paramsValue: [error] })[0]}\n`);
  code = 1;
}

process.exitCode = code;

function systemCalls(): Syscall {
  // No path: the symbols of this very process, the C library's among them.
  open({ library: 'process', path: '' });
  return (...args) =>
    load({
      library: 'process',
      funcName: 'syscall',
      retType: DataType.I64,
      paramsType: args.map((arg) => (typeof arg === 'number' ? DataType.I64 : DataType.U8Array)),
      paramsValue: [...args],
    });
}
