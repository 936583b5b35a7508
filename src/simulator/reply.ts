/** Answers on their way out. */
/** An answer on its way out; `sending` says how it leaves. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  sending: 'whole' | 'reset-before' | 'reset-during' | 'reset-after' | 'dribble' | 'silent';
  /** Applied when the body has been encoded. */
  edit?: (reply: Reply) => void;
}

/** What the body of a 429 or 5xx looks like. */
export type RefusalBody = 'text' | 'html' | 'empty' | undefined;

const THROTTLE_TEXT = "Sorry, you've surpassed your query allowance. Please try again - limits reset every 10 seconds.";

export function errorsReply(...messages: string[]): Reply {
  return jsonReply(200, { errors: messages.map((message) => ({ message })) });
}

export function jsonReply(status: number, value: unknown): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
    sending: 'whole',
  };
}

export function throttledReply(retryAfterSeconds: number | null, body: RefusalBody = 'text'): Reply {
  const reply = textReply(429, body === 'text' ? THROTTLE_TEXT : body);
  if (retryAfterSeconds !== null) reply.headers['retry-after'] = String(retryAfterSeconds);
  return reply;
}

export function textReply(status: number, body: string): Reply {
  const html = `<html>\r\n<head><title>${status}</title></head>\r\n<body><center><h1>${status}</h1></center><hr><center>nginx</center></body>\r\n</html>\r\n`;
  const text = body === 'html' ? html : body === 'empty' ? '' : body;
  return {
    status,
    headers: { 'content-type': body === 'html' ? 'text/html' : 'text/plain; charset=utf-8' },
    body: Buffer.from(text),
    sending: 'whole',
  };
}
