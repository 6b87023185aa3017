import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { makeFolder } from '../files/make-folder.ts';

/** A file that a host asked for, as it lies in the cache, or the refusal that came instead. */
export interface CachedFile {
  readonly status: number;
  readonly statusText: string;
  readonly lastModified: string | undefined;
  send(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

type Fetch = (url: URL, headers: Record<string, string>) => Promise<IncomingMessage>;

interface Meta {
  readonly lastModified: string | undefined;
  readonly etag: string | undefined;
}

/** `$XDG_CACHE_HOME/muster/packages`. */
export function packageCacheDirectory(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'muster', 'packages');
}

/**
 * Files of package sources, kept under their address. A package, or an index named by its hash, never changes; what does
 * change (InRelease) is asked for again, once a run, with the date of the copy. Files appear whole or not at all.
 */
export class PackageCache {
  readonly #directory: string;
  readonly #asked = new Map<string, Promise<CachedFile>>();

  constructor(directory: string = packageCacheDirectory()) {
    this.#directory = directory;
  }

  /** Each address is looked after once a run, however many hosts ask, and at once. */
  get(url: URL, fetch: Fetch): Promise<CachedFile> {
    const known = this.#asked.get(url.href);
    if (known !== undefined) return known;
    const asking = this.#find(url, fetch);
    this.#asked.set(url.href, asking);
    // A failure is not remembered: the next host may have more luck.
    asking.then(
      (file) => {
        if (file.status !== 200 && file.status !== 404) this.#asked.delete(url.href);
      },
      () => this.#asked.delete(url.href),
    );
    return asking;
  }

  async #find(url: URL, fetch: Fetch): Promise<CachedFile> {
    const path = this.#path(url);
    const kept = await readMeta(path);
    if (kept !== undefined && isForever(url)) return served(path, kept);
    const headers: Record<string, string> = {};
    if (kept?.lastModified !== undefined) headers['if-modified-since'] = kept.lastModified;
    if (kept?.etag !== undefined) headers['if-none-match'] = kept.etag;
    let incoming: IncomingMessage;
    try {
      incoming = await follow(url, headers, fetch);
    } catch (error) {
      // Without a way to the internet the copy is the best there is.
      if (kept !== undefined) return served(path, kept);
      throw error;
    }
    if (incoming.statusCode === 304 && kept !== undefined) {
      incoming.resume();
      return served(path, kept);
    }
    if (incoming.statusCode !== 200) {
      incoming.resume();
      if (kept !== undefined && (incoming.statusCode ?? 500) >= 500) return served(path, kept);
      return refused(incoming.statusCode ?? 502, incoming.statusMessage ?? '');
    }
    return await this.#keep(path, incoming);
  }

  async #keep(path: string, incoming: IncomingMessage): Promise<CachedFile> {
    await makeFolder(dirname(path));
    const beside = `${path}.${process.pid}.part`;
    try {
      await pipeline(incoming, createWriteStream(beside));
      const expected = incoming.headers['content-length'];
      const { size } = await stat(beside);
      if (expected !== undefined && Number(expected) !== size) throw new Error(`${size} of ${expected} bytes came`);
      const meta: Meta = { lastModified: incoming.headers['last-modified'], etag: incoming.headers.etag };
      await writeFile(`${beside}.meta`, JSON.stringify(meta));
      await rename(beside, path);
      await rename(`${beside}.meta`, `${path}.meta`);
      return served(path, meta);
    } catch (error) {
      await Promise.all([rm(beside, { force: true }), rm(`${beside}.meta`, { force: true })]);
      throw error;
    }
  }

  #path(url: URL): string {
    const parts = url.pathname.split('/').map((part) => encodeURIComponent(decodeURIComponent(part)));
    // No part of an address may leave the cache; names of our own end in what an address cannot hold.
    const safe = parts.filter((part) => part !== '' && part !== '.' && part !== '..');
    return (
      join(this.#directory, encodeURIComponent(url.host), ...safe) +
      (url.search === '' ? '' : encodeURIComponent(url.search))
    );
  }
}

function isForever(url: URL): boolean {
  return /\.(deb|udeb|rpm|apk)$|\/by-hash\//.test(url.pathname);
}

async function readMeta(path: string): Promise<Meta | undefined> {
  try {
    const [meta] = await Promise.all([readFile(`${path}.meta`, 'utf8'), stat(path)]);
    return JSON.parse(meta);
  } catch {
    return undefined;
  }
}

/** Mirrors send one to a content network: a few steps are followed. */
async function follow(url: URL, headers: Record<string, string>, fetch: Fetch): Promise<IncomingMessage> {
  let target = url;
  for (let step = 0; ; step++) {
    const incoming = await fetch(target, headers);
    const { location } = incoming.headers;
    if (![301, 302, 303, 307, 308].includes(incoming.statusCode ?? 0) || location === undefined || step === 5) {
      return incoming;
    }
    incoming.resume();
    target = new URL(location, target);
  }
}

function refused(status: number, statusText: string): CachedFile {
  return { status, statusText, lastModified: undefined, send: async () => {} };
}

function served(path: string, meta: Meta): CachedFile {
  return {
    status: 200,
    statusText: 'OK',
    lastModified: meta.lastModified,
    async send(request, response) {
      const { size } = await stat(path);
      // apt goes on with a download that was cut off by asking for the rest.
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const partial = from > 0 && from < size;
      response.writeHead(partial ? 206 : 200, {
        'content-length': partial ? size - from : size,
        'accept-ranges': 'bytes',
        ...(partial ? { 'content-range': `bytes ${from}-${size - 1}/${size}` } : {}),
        ...(meta.lastModified === undefined ? {} : { 'last-modified': meta.lastModified }),
        ...(meta.etag === undefined ? {} : { etag: meta.etag }),
      });
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      await pipeline(createReadStream(path, { start: partial ? from : 0 }), response).catch((error) => {
        // The host went away; the file stays.
        response.destroy(error);
      });
    },
  };
}
