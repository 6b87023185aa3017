import assert from 'node:assert/strict';
import { longestAnswer, NotHttp, readHttpAnswer } from '../../../../src/supervisor/checks/http-answer.ts';

const ok = 'HTTP/1.1 200 OK\r\n';

/** The answer that is there when each prefix of the bytes has been looked at, and how many bytes it needed. */
function needed(bytes: string): number {
  for (let length = 0; length <= bytes.length; length++) {
    if (readHttpAnswer(bytes.slice(0, length), false)?.body !== undefined) return length;
  }
  return Number.POSITIVE_INFINITY;
}

const bodyOf = (bytes: string, ended = false): string | undefined => readHttpAnswer(bytes, ended)?.body;

describe('supervisor/checks: the answer of a web server', () => {
  it('has its status before its body', () => {
    assert.equal(readHttpAnswer('', false), undefined);
    assert.equal(readHttpAnswer('HTTP/1.1 200 OK\r\nServer: x\r\n', false), undefined);
    assert.deepEqual(readHttpAnswer(`${ok}Content-Length: 4\r\n\r\nab`, false), {
      status: 200,
      statusText: '200 OK',
      body: undefined,
    });
    assert.equal(readHttpAnswer('HTTP/1.0 404\r\n\r\n', false)?.statusText, '404');
    assert.equal(readHttpAnswer('HTTP/1.1 503 \r\n\r\n', false)?.statusText, '503');
  });

  it('ends where its length, its last chunk or the connection does', () => {
    const long = `${ok}content-LENGTH:  4 \r\n\r\nabcd`;
    assert.deepEqual([bodyOf(`${long}more`), needed(long)], ['abcd', long.length]);
    const chunked = `${ok}Transfer-Encoding: gzip, Chunked\r\n\r\n5;name=value\r\nab\r\nc\r\nA\r\n0123456789\r\n0\r\n`;
    assert.deepEqual([bodyOf(chunked), needed(`${chunked}\r\n`)], ['ab\r\nc0123456789', chunked.length]);
    const open = `${ok}\r\nabcd`;
    assert.deepEqual([bodyOf(open), bodyOf(open, true)], [undefined, 'abcd']);
    assert.equal(bodyOf('HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n'), '');
    assert.equal(bodyOf('HTTP/1.1 200 OK\nContent-Length: 2\n\nab'), 'ab');
    assert.equal(bodyOf(`${ok}Transfer-Encoding: chunked\n\n2\nab\n0\n\n`), 'ab');
  });

  it('comes after any number of interim ones', () => {
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    assert.equal(readHttpAnswer(interim, false), undefined);
    assert.equal(bodyOf(`${interim.repeat(9000)}${ok}Content-Length: 1\r\n\r\nx`), 'x');
  });

  it('is read no further than makes sense', () => {
    const endless = 'x'.repeat(longestAnswer);
    assert.equal(bodyOf(`${ok}\r\n${endless}`)?.length, longestAnswer);
    assert.equal(bodyOf(`${ok}Content-Length: 9999999\r\n\r\n${endless}`)?.length, longestAnswer);
    assert.equal(bodyOf(`${ok}Transfer-Encoding: chunked\r\n\r\nFFFFFF\r\n${endless}`)?.length, longestAnswer);
    assert.throws(() => readHttpAnswer(`${ok}X: ${endless}`, false), /^NotHttp|no end/);
  });

  it('is told from what is none', () => {
    const none: readonly [string, boolean, RegExp][] = [
      ['SSH-2.0-OpenSSH_9.2\r\n', false, /no answer of a web server: "SSH-2.0-OpenSSH_9.2\\r\\n"/],
      ['\r\n\r\n', false, /no answer of a web server/],
      ['', true, /^connection closed without an answer$/],
      ['HTTP/1.1 200 OK\r\n', true, /the head of the answer has no end/],
      ['HTTP/1.1 twohundred\r\n\r\n', false, /no status in the first line/],
      [`${ok}Content-Length: -1\r\n\r\n`, false, /Content-Length is no number: "-1"/],
      [`${ok}Content-Length: 5\r\n\r\nabcd`, true, /closed in the middle/],
      [`${ok}Transfer-Encoding: chunked\r\n\r\n4\r\nab`, true, /closed in the middle/],
      [`${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\nab`, false, /no length of a chunk: "xyz/],
    ];
    for (const [bytes, ended, message] of none) {
      assert.throws(
        () => readHttpAnswer(bytes, ended),
        (error) => error instanceof NotHttp && message.test(error.message),
        JSON.stringify(bytes),
      );
    }
  });
});
