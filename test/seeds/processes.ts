/** Which processes a seed left behind: those that work in its folder, or carry its mark in their environment. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Found {
  readonly pid: number;
  readonly command: string;
}

/** Linux only; elsewhere none are found. */
export function processesOf(dir: string): Found[] {
  const found: Found[] = [];
  for (const name of list('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
    if (command.includes(dir) || read(`/proc/${pid}/environ`).includes(`BACKFILL_CHAOS_DIR=${dir}\0`)) {
      found.push({ pid, command });
    }
  }
  return found;
}

function list(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
