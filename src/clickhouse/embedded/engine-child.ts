/**
 * Entry of the child process that is the embedded ClickHouse: calls clickhouse local's `main` inside the shared library
 * and stays in it until the server ends. It must be the main thread (ClickHouse measures its stack) and it must be
 * ffi-rs (koffi switches stacks). Arguments: the library's path, then clickhouse's own argv.
 */
import { createRequire } from 'node:module';

const { DataType, isNullPointer, load, open, restorePointer } = createRequire(import.meta.url)(
  'ffi-rs',
) as typeof import('ffi-rs');

const [library = '', ...argv] = process.argv.slice(2);
open({ library: 'clickhouse', path: library });

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
