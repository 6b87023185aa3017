/**
 * More bytes of an answer than about this many are not read: what is there by then is what is searched, so that a program
 * that streams without end is judged by what it has said.
 */
export const longestAnswer = 1_000_000;

export interface HttpAnswer {
  readonly status: number;
  /** `200 OK`; without the reason where the server gives none. */
  readonly statusText: string;
  /** One character a byte; undefined: not all of it is there yet. */
  readonly body: string | undefined;
}

/** What came is no answer of a web server; the message says what was seen. */
export class NotHttp extends Error {}

/**
 * The answer to a GET in the bytes that have come so far (one character a byte), or undefined where its head is not whole
 * yet. `ended`: nothing more comes. Interim answers (1xx) are passed over. Throws NotHttp.
 *
 * The format is that of RFC 9112: status line, header lines, empty line, and a body whose end is told by chunks, by its
 * length, or by the end of the connection. Lines may end in a bare line feed, as its section 2.2 lets recipients do.
 */
export function readHttpAnswer(bytes: string, ended: boolean): HttpAnswer | undefined {
  const last = ended || bytes.length >= longestAnswer;
  let start = 0;
  for (;;) {
    if (!couldBeHttp(bytes, start)) throw new NotHttp(`no answer of a web server: ${quoted(bytes.slice(start))}`);
    const empty = emptyLine(bytes, start);
    if (empty === undefined) {
      if (!last) return undefined;
      throw new NotHttp(bytes === '' ? 'connection closed without an answer' : 'the head of the answer has no end');
    }
    const [first, ...lines] = bytes.slice(start, empty.at).split(/\r?\n/);
    const [, code, reason = ''] = /^HTTP\/\d\.\d (\d{3})(?: (.*))?$/.exec(first!) ?? [];
    if (code === undefined) throw new NotHttp(`no status in the first line of the answer: ${quoted(first!)}`);
    start = empty.end;
    const status = Number(code);
    if (isInterim(status)) continue;
    const body = hasNoBody(status) ? '' : bodyIn(bytes.slice(start), lines, last, ended);
    return { status, statusText: `${code} ${reason}`.trim(), body };
  }
}

// 101 is no promise of another answer: it would be one to a question that was not asked.
const isInterim = (status: number): boolean => status < 200 && status !== 101;
const hasNoBody = (status: number): boolean => status === 101 || status === 204 || status === 304;

const protocol = 'HTTP/';
const couldBeHttp = (bytes: string, start: number): boolean =>
  protocol.startsWith(bytes.slice(start, start + protocol.length));

const quoted = (text: string): string => JSON.stringify(text.slice(0, 40));

/** Where the head that begins at `start` ends, and where its empty line does. */
function emptyLine(bytes: string, start: number): { readonly at: number; readonly end: number } | undefined {
  const empty = /\r?\n\r?\n/g;
  empty.lastIndex = start;
  const found = empty.exec(bytes);
  return found === null ? undefined : { at: found.index, end: empty.lastIndex };
}

/** `last`: no more of it is waited for; `ended`: the server has closed the connection. */
function bodyIn(rest: string, lines: readonly string[], last: boolean, ended: boolean): string | undefined {
  const { text, whole } = /\bchunked$/i.test(header('transfer-encoding', lines) ?? '')
    ? unchunked(rest)
    : unwrapped(rest, header('content-length', lines), ended);
  if (!whole && ended) throw new NotHttp('connection closed in the middle of the answer');
  return whole || last ? text : undefined;
}

function header(name: string, lines: readonly string[]): string | undefined {
  const line = lines.findLast((candidate) => candidate.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}

function unwrapped(rest: string, length: string | undefined, ended: boolean): Part {
  if (length === undefined) return { text: rest, whole: ended };
  if (!/^\d+$/.test(length)) throw new NotHttp(`Content-Length is no number: ${quoted(length)}`);
  return { text: rest.slice(0, Number(length)), whole: rest.length >= Number(length) };
}

interface Part {
  readonly text: string;
  /** Nothing more belongs to it. */
  readonly whole: boolean;
}

/** The chunks that are there, put together; `whole` where the last one is. Trailers are not looked at. */
function unchunked(rest: string): Part {
  const size = /([0-9a-f]+)[^\n]*\n/iy;
  let text = '';
  for (let at = 0; at < rest.length; ) {
    size.lastIndex = at;
    const found = size.exec(rest);
    if (found === null) {
      if (rest.indexOf('\n', at) < 0) break;
      throw new NotHttp(`no length of a chunk: ${quoted(rest.slice(at))}`);
    }
    const length = Number.parseInt(found[1]!, 16);
    if (length === 0) return { text, whole: true };
    const start = at + found[0].length;
    text += rest.slice(start, start + length);
    at = start + length + (rest.startsWith('\r', start + length) ? 2 : 1);
  }
  return { text, whole: false };
}
