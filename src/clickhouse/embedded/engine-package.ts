import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { EXIT, ExitError, usageError } from '../../core/exit.js';

const ENGINE_PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@chdb/lib-linux-x64-gnu',
  'linux-arm64': '@chdb/lib-linux-arm64-gnu',
  'darwin-arm64': '@chdb/lib-darwin-arm64',
  'darwin-x64': '@chdb/lib-darwin-x64',
};

export interface Engine {
  /** libchdb.so (or .dylib under the same name) of the optional package. */
  readonly library: string;
  /** The compiled entry of the child process. */
  readonly entry: string;
}

/** How packages are found; a test passes its own to see what a machine without the engine is told. */
export interface EngineSearch {
  readonly platform: string;
  readonly arch: string;
  resolve(name: string): string;
}

export function hostEngineSearch(): EngineSearch {
  const require = createRequire(import.meta.url);
  return { platform: process.platform, arch: process.arch, resolve: (name) => require.resolve(name) };
}

/** Throws ExitError(1) that says what is missing and what to do about it. */
export function findEngine(search: EngineSearch = hostEngineSearch()): Engine {
  const platform = `${search.platform}-${search.arch}`;
  const name = ENGINE_PACKAGES[platform];
  if (name === undefined) {
    throw usageError(
      `no embedded ClickHouse exists for ${platform}`,
      'set CLICKHOUSE_URL (or --clickhouse-url) to a ClickHouse server, for example http://localhost:8123',
    );
  }
  const library = find(search, `${name}/libchdb.so`, name);
  find(search, 'ffi-rs', 'ffi-rs');
  return { library, entry: childEntry() };
}

function find(search: EngineSearch, path: string, name: string): string {
  try {
    return search.resolve(path);
  } catch {
    throw usageError(
      `no CLICKHOUSE_URL is set and the embedded ClickHouse is not installed: the optional package ${name} is missing`,
      `set CLICKHOUSE_URL (or --clickhouse-url), or install it: npm install --no-save ${name} ffi-rs`,
    );
  }
}

/** Node 20 cannot load a .ts file: from the sources (tests) the built entry is used. */
function childEntry(): string {
  const here = fileURLToPath(new URL('./engine-child.js', import.meta.url));
  if (existsSync(here)) return here;
  const built = fileURLToPath(new URL('../../../dist/clickhouse/embedded/engine-child.js', import.meta.url));
  if (existsSync(built)) return built;
  throw new ExitError(EXIT.usage, 'the embedded ClickHouse has not been built', 'run `npm run build`');
}
