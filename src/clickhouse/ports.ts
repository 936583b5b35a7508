import { createServer } from 'node:net';

/** `wanted` when it is free, else any free port of loopback but `not`. */
export async function pickPort(wanted: number | undefined, not?: number): Promise<number> {
  if (wanted !== undefined && wanted !== not) {
    const port = await tryListen(wanted);
    if (port !== undefined) return port;
  }
  for (;;) {
    const port = await tryListen(0);
    if (port !== undefined && port !== not) return port;
  }
}

/** The port, when something could listen on it just now. */
function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : undefined;
      server.close(() => resolve(bound));
    });
  });
}
