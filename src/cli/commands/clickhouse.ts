import { EmbeddedServer } from '../../clickhouse/embedded/embedded.js';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { pause } from '../../core/pause.js';
import { renderFacts } from '../../report/table.js';
import type { Context } from '../context.js';

/** Keeps the embedded server up until a signal, and brings it back when another command that owned it ends. */
export async function clickhouse(ctx: Context): Promise<void> {
  if (ctx.config.clickhouseUrl !== undefined) {
    throw usageError('CLICKHOUSE_URL names a server of your own; this command keeps the embedded one', 'unset it');
  }
  const server = await EmbeddedServer.start({ dir: ctx.config.clickhouseDir });
  ctx.releases.push('embedded ClickHouse', () => server.close());
  const { database } = ctx.config;
  const { username, password } = server.login;
  const play = server.playUrl(database);
  ctx.out.result({ url: server.url, username, password, play, database, dir: server.dir });
  ctx.out.text(
    renderFacts([
      ['ClickHouse', server.url],
      ['user', username],
      ['password', password],
      ['database', database],
      ['data', server.dir],
    ]),
  );
  // Lines of their own: whole, to be copied.
  ctx.out.text(`\nIn a browser:\n${play}`);
  const curl = `curl -u ${username}:${password} '${server.url}/?database=${encodeURIComponent(database)}' -d 'SHOW TABLES'`;
  ctx.out.text(`In a shell:\n${curl}`);
  ctx.out.text(
    '\nUser and password hold until the server ends. Whoever has them, or the link, may do what backfill may.',
  );
  ctx.out.text('Ctrl-C ends it.');
  while (await pause(CHECK_EVERY_MS, ctx.stop)) await server.ensure();
  throw new ExitError(EXIT.interrupted, 'ClickHouse stopped as asked');
}

const CHECK_EVERY_MS = 1000;
