/**
 * What the engine's process may touch, held by the system itself: Landlock (Linux 5.19 and newer; landlock(7)). ClickHouse has
 * ways to a file that no grant takes away under `clickhouse local` (the function `file()`, `FROM INFILE`, `ATTACH` of a table
 * with a disk of its own); inside the sandbox they all end at the data folder, and no connection leaves.
 *
 * It holds for the calling thread and all that it starts, for good: called on the main thread before the engine is.
 */
import { closeSync, constants, openSync, statSync } from 'node:fs';

/** `syscall(2)` of the C library. Buffers are passed as pointers. Returns -1 on failure. */
export type Syscall = (number: number, ...args: readonly (number | Buffer)[]) => number;

export interface Sandbox {
  /** Read and written. */
  readonly folders: readonly string[];
  /** Files and folders that are only read; one that does not exist is left out. */
  readonly readable: readonly string[];
  /** TCP ports that may be listened on. No connection may be made from within. Null: the network is left as it is. */
  readonly listenPorts: readonly number[] | null;
}

/** The same on every architecture. */
const CREATE_RULESET = 444;
const ADD_RULE = 445;
const RESTRICT_SELF = 446;
const VERSION_FLAG = 1;
const RULE_PATH_BENEATH = 1;
const RULE_NET_PORT = 2;
const BIND_TCP = 1n;
const CONNECT_TCP = 2n;

/** Bits of `landlock_ruleset_attr.handled_access_fs`. */
const EXECUTE = 1n << 0n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
/** Up to MAKE_SYM: the first version. */
const FIRST_VERSION = (1n << 13n) - 1n;
/** Renames and hard links between folders. Without it the engine could not move its parts. */
const REFER = 1n << 13n;
const TRUNCATE = 1n << 14n;
/** What the kernel allows on a file that is no folder. */
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;

const REFER_VERSION = 2;
const TRUNCATE_VERSION = 3;
const NETWORK_VERSION = 4;

const O_PATH = 0o10000000;

/** False where the system has no Landlock, or one that is too old: the gate and the grants then stand alone. */
export function enterSandbox(syscall: Syscall, sandbox: Sandbox): boolean {
  const version = syscall(CREATE_RULESET, 0, 0, VERSION_FLAG);
  if (version < REFER_VERSION) return false;
  const all = FIRST_VERSION | REFER | (version >= TRUNCATE_VERSION ? TRUNCATE : 0n);
  const network = version >= NETWORK_VERSION && sandbox.listenPorts !== null;
  const attributes = network ? words(all, BIND_TCP | CONNECT_TCP) : words(all);
  const ruleset = must(syscall(CREATE_RULESET, attributes, attributes.length, 0), 'landlock_create_ruleset');
  for (const path of sandbox.folders) allowPath(syscall, ruleset, path, all);
  for (const path of sandbox.readable) allowPath(syscall, ruleset, path, EXECUTE | READ_FILE | READ_DIR);
  for (const port of network ? (sandbox.listenPorts ?? []) : []) {
    must(
      syscall(ADD_RULE, ruleset, RULE_NET_PORT, words(BIND_TCP, BigInt(port)), 0),
      `landlock_add_rule for port ${port}`,
    );
  }
  const PR_SET_NO_NEW_PRIVS = 38;
  must(syscall(PRCTL[process.arch] ?? -1, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'prctl(PR_SET_NO_NEW_PRIVS)');
  must(syscall(RESTRICT_SELF, ruleset, 0), 'landlock_restrict_self');
  closeSync(ruleset);
  return true;
}

const PRCTL: Readonly<Record<string, number>> = { x64: 157, arm64: 167 };

function allowPath(syscall: Syscall, ruleset: number, path: string, access: bigint): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const fd = openSync(path, O_PATH | constants.O_RDONLY);
  // struct landlock_path_beneath_attr is packed: a word and an int.
  const rule = Buffer.alloc(12);
  rule.writeBigUInt64LE(found.isDirectory() ? access : access & OF_FILES, 0);
  rule.writeInt32LE(fd, 8);
  must(syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0), `landlock_add_rule for ${path}`);
  closeSync(fd);
}

function words(...values: readonly bigint[]): Buffer {
  const buffer = Buffer.alloc(8 * values.length);
  for (const [i, value] of values.entries()) buffer.writeBigUInt64LE(value, 8 * i);
  return buffer;
}

function must(result: number, what: string): number {
  if (result < 0) throw new Error(`${what} failed`);
  return result;
}
