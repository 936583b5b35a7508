/**
 * Who may speak to the embedded server: whoever knows the secret of its start, and nobody else.
 *
 * `clickhouse local` needs its user `default` without a password, so the gate stands before the login: rules of the HTTP
 * server. A statement is answered when it carries the login of `backfill` (curl, every ClickHouse client), or when it goes
 * to a path that holds the secret (the page `/play`, whose own requests cannot carry a header). Both run as `backfill`,
 * whatever user a request names. Everything else is 404, `/ping` and `/play` included.
 *
 * A web page knows no secret. Host and Origin are looked at all the same: a name that is made to point at 127.0.0.1, and a page
 * of another origin, are turned away before the secret is.
 */
import { createHash, randomBytes } from 'node:crypto';

export const EMBEDDED_USER = 'backfill';

export interface Gate {
  readonly httpPort: number;
  /** Of one start: letters, digits, `-` and `_`. */
  readonly secret: string;
  /** Of one start, too; no secret. */
  readonly instance: string;
}

export function newSecret(): string {
  return randomBytes(24).toString('base64url');
}

/** What a `/play` page needs to know: it sends its statements to the path that it is told. */
export function playUrl({ httpPort, secret }: Gate, database: string): string {
  const statements = `http://127.0.0.1:${httpPort}/${secret}`;
  return `${statements}/play?url=${encodeURIComponent(statements)}&database=${encodeURIComponent(database)}`;
}

/**
 * How a server proves that it is the one of this start without the secret going over the wire: another program may have its port
 * by now. Asked for `path`, it says `answer`; both follow from the secret, and neither tells it.
 */
export function identityOf({ secret, instance }: Gate): { readonly path: string; readonly answer: string } {
  const derive = (what: string) => createHash('sha256').update(`${what} ${instance} ${secret}`).digest('hex');
  return { path: `/${derive('path')}`, answer: derive('answer') };
}

/** `http_handlers` of the server's configuration. `open`: after the identity, what every ClickHouse answers. */
export function httpHandlersXml(gate: Gate, open: boolean): string {
  const { httpPort, secret } = gate;
  const { path, answer } = identityOf(gate);
  const here = `(127\\.0\\.0\\.1|localhost):${httpPort}`;
  const sender = `<host>regex:^${here}$</host><origin>regex:^(http://${here})?$</origin>`;
  const login = Buffer.from(`${EMBEDDED_USER}:${secret}`).toString('base64');
  // Where no header logs in, the rule does.
  const statements = (user: string) =>
    `<handler><type>dynamic_query_handler</type><query_param_name>query</query_param_name>${user}</handler>`;
  const identity = `
    <rule><url>${path}</url><methods>GET</methods><headers>${sender}</headers>
      <handler><type>static</type><status>200</status><content_type>text/plain</content_type>
        <response_content>${answer}</response_content></handler></rule>`;
  const gated = `
    <rule><headers><authorization>Basic ${login}</authorization>${sender}</headers>${statements('')}</rule>
    <rule><url>/${secret}/play</url><methods>GET</methods><headers>${sender}</headers><handler><type>play</type></handler></rule>
    <rule><url>/${secret}</url><headers>${sender}</headers>
      ${statements(`<user>${EMBEDDED_USER}</user>`)}</rule>`;
  return `<http_handlers>${identity}${open ? '<defaults/>' : gated}</http_handlers>`;
}

/** Tables that hold rows in the data folder or in memory; none that reaches a file, a host or a program. */
const TABLE_ENGINES = [
  'MergeTree',
  'ReplacingMergeTree',
  'SummingMergeTree',
  'AggregatingMergeTree',
  'CollapsingMergeTree',
  'VersionedCollapsingMergeTree',
  'CoalescingMergeTree',
  'Memory',
  'Null',
];

/**
 * What the tool needs, and what its user needs to look around. Not granted: every source (FILE, URL, S3, REMOTE, MYSQL, …), their
 * engines, dictionaries, functions, users, backups, SYSTEM but the flush of its logs. FREEZE is taken out of ALTER since its name
 * may lead out of the data folder.
 */
const GRANTS = [
  'GRANT SHOW, SELECT, INSERT, ALTER TABLE, ALTER VIEW, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP DATABASE, DROP TABLE, DROP VIEW, TRUNCATE, OPTIMIZE, KILL QUERY, SYSTEM FLUSH LOGS ON *.*',
  'REVOKE ALTER FREEZE PARTITION, ALTER FETCH PARTITION ON *.*',
  `GRANT ${TABLE_ENGINES.map((name) => `TABLE ENGINE ON ${name}`).join(', ')}`,
];

/** What the engine's own statements at its start need: listening, and the table that holds it open (`embedded.ts`). */
const STARTER_GRANTS = [
  'GRANT SYSTEM LISTEN, CREATE ARBITRARY TEMPORARY TABLE ON *.*',
  'GRANT TABLE ENGINE ON File',
  'GRANT READ ON FILE',
];

/** The users of a gated server. A table of `backfill` may not bring a disk of its own: such a disk may be a host. */
export function gatedUsersXml(secret: string): string {
  const digest = createHash('sha256').update(secret).digest('hex');
  const grants = (list: readonly string[]) =>
    `<grants>${list.map((grant) => `<query>${grant}</query>`).join('')}</grants>`;
  return `<clickhouse>
  <profiles>
    <default/>
    <gated><constraints><merge_tree_disk><readonly/></merge_tree_disk></constraints></gated>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default><password></password><networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>${grants(STARTER_GRANTS)}</default>
    <${EMBEDDED_USER}><password_sha256_hex>${digest}</password_sha256_hex><networks><ip>127.0.0.1</ip></networks>
      <profile>gated</profile><quota>default</quota>${grants(GRANTS)}</${EMBEDDED_USER}>
  </users>
</clickhouse>
`;
}
