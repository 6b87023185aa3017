/** A process of the pool: does one job after the other. */
import { type Job, perform } from './job.ts';

process.on('message', (job: Job) => {
  perform(job).then(
    (done) => process.send?.(done),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
