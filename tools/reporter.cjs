// mocha's spec reporter, and the counts of the run: told to the process that runs it beside others (tools/lanes.mjs).
// That one may also tell it to end; it does so, too, where that one is gone.
const { reporters } = require('mocha');

/** What to read of a failure where the report is too long to look for it. */
const longest = 3000;
const textOf = (error) => String(error?.stack ?? error?.message ?? error).slice(0, longest);

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    if (!process.connected) return;
    // Who comes last at the processors gets its time limits times this: they are there for what hangs, not for what waits.
    const patience = Number(process.env.MUSTER_PATIENCE ?? 1);
    const extended = new Set();
    const extend = (runnable) => {
      if (!extended.has(runnable)) runnable.timeout(runnable.timeout() * patience);
      extended.add(runnable);
    };
    runner.on('test', extend).on('hook', extend);
    const end = () => {
      const running = runner.currentRunnable?.fullTitle() ?? 'nothing';
      console.log(`\nInterrupted: ends "${running}" and cleans up (once more: now)`);
      runner.abort();
    };
    process.once('message', end);
    const orphaned = () => {
      end();
      setTimeout(() => process.exit(1), 120_000).unref();
    };
    process.once('disconnect', orphaned);
    // Listening must not keep a run alive that is over.
    process.channel.unref();
    runner.once('end', () => {
      process.off('disconnect', orphaned);
      const { passes, failures, pending } = this.stats;
      const leftOut = Number(process.env.MUSTER_LEFT_OUT ?? 0);
      const whatFailed = this.failures.map((test) => ({ title: test.fullTitle(), text: textOf(test.err) }));
      if (process.connected) process.send({ passed: passes, failed: failures, skipped: pending + leftOut, whatFailed });
    });
  }
};
