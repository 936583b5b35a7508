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
  const { url } = server;
  ctx.out.result({ url, play: `${url}/play`, database: ctx.config.database, dir: server.dir });
  ctx.out.text(
    renderFacts([
      ['ClickHouse', url],
      ['web page', `${url}/play`],
      ['user', 'default, no password'],
      ['database', ctx.config.database],
      ['data', server.dir],
    ]),
  );
  ctx.out.text('Ctrl-C ends it.');
  while (await pause(CHECK_EVERY_MS, ctx.stop)) await server.ensure();
  throw new ExitError(EXIT.interrupted, 'ClickHouse stopped as asked');
}

const CHECK_EVERY_MS = 1000;
