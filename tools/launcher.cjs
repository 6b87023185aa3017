#!/usr/bin/env node
// dist/muster.js: runs the program in muster.cjs with what V8 made of it at the build (muster.code), which takes 10 ms
// where reading and compiling it again takes 70. Without that file, or with another version of Node, it is compiled.
// CommonJS, as Node is some milliseconds longer about its first ES module.
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Script } = require('node:vm');

// Names of hosts are looked up in threads. With four of them a server of names that takes its time has most of a hundred
// hosts wait for longer than a login may take.
process.env.UV_THREADPOOL_SIZE ??= '16';

const filename = join(__dirname, 'muster.cjs');
const kept = join(__dirname, 'muster.code');
// What logs in somewhere is half of all code, and only in the way of a run over connections that are open already.
const candidates = process.argv.includes('--persist') ? [join(__dirname, 'muster.held.code'), kept] : [kept];
// The build sees to it that it is ASCII.
const source = readFileSync(filename, 'latin1');
/** The program's digest, which stands in its first line, `//DIGEST`; V8 itself compares no more than the length. */
const digest = source.slice(2, 66);

function compiled() {
  for (const file of candidates) {
    try {
      const content = readFileSync(file);
      if (content.toString('latin1', 0, 64) === digest) return content.subarray(64);
    } catch {
      // The next one, or none.
    }
  }
  return undefined;
}

const keeps = process.env.MUSTER_KEEP_COMPILED === digest;
// What is kept is what this run compiles, and not what was there before.
const script = new Script(source, { filename, cachedData: keeps ? undefined : compiled() });
if (keeps) {
  process.once('exit', () => {
    writeFileSync(`${kept}.${process.pid}`, Buffer.concat([Buffer.from(digest), script.createCachedData()]));
  });
}
script.runInThisContext()(require, pathToFileURL(__filename).href, digest);
