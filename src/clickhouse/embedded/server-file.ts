import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { Holder, livenessOf } from '../../core/holder.js';
import { identityOf } from './gate.js';

const port = z.number().int().min(1).max(65535);

const schema = z.object({
  pid: z.number().int(),
  /** The process that started it. When that is gone the server is ending, even while it still answers. */
  owner: Holder,
  httpPort: port,
  /** ClickHouse's native protocol, where it was asked for. */
  tcpPort: port.optional(),
  startedAt: z.string(),
  /** New with every start. */
  instance: z.string().min(1),
  /** What every statement must carry (`gate.ts`). A command that brings its server back keeps it: its clients hold it. */
  secret: z.string().min(1),
});

/** `server.json`: where the folder's server is, or was last, and its secret; for its owner's eyes alone. */
export type ServerFile = z.infer<typeof schema>;

/** Undefined when there is none, or it cannot be understood: the server is then started anew. */
export function readServerFile(dir: string): ServerFile | undefined {
  try {
    return schema.parse(JSON.parse(readFileSync(join(dir, 'server.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

export function writeServerFile(dir: string, server: ServerFile): void {
  const path = join(dir, 'server.json');
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(server)}\n`, { mode: 0o600 });
  renameSync(temporary, path);
}

/** False also for an owner that cannot be asked, in another container: then only the server's answer tells. */
export function ownerIsGone(server: ServerFile): boolean {
  return livenessOf(server.owner) === 'dead';
}

/** Whether this very server answers on its port. */
export function serverAnswers(server: ServerFile, timeoutMs: number): Promise<boolean> {
  const { path, answer } = identityOf(server);
  return new Promise((resolve) => {
    const request = get(
      { host: '127.0.0.1', port: server.httpPort, path, agent: false, signal: AbortSignal.timeout(timeoutMs) },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          // Whoever it is, it need not be read to the end.
          if (text.length < 1000) text += part;
        });
        response.on('end', () => resolve(text.trim() === answer));
        response.on('error', () => resolve(false));
      },
    );
    request.on('error', () => resolve(false));
  });
}
