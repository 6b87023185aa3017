// mocha's spec reporter, and a last line that scripts read: `N passed, N failed, N skipped`.
const { reporters } = require('mocha');

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const leftOut = Number(process.env.MUSTER_LEFT_OUT ?? 0);
    const { stats } = this;
    process.on('exit', () => {
      console.log(`${stats.passes} passed, ${stats.failures} failed, ${stats.pending + leftOut} skipped`);
    });
  }
};
