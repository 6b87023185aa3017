import { connectStdio } from './dial.ts';
import { serveGateway } from './gateway.ts';
import { labDown, openLab } from './lab.ts';
import { labPaths } from './names.ts';

// The sources' own way to run what the bundle offers as `muster lab gateway`, `connect`, `down` and `power cycle`.
const [verb, ...args] = process.argv.slice(2);
const lab = args.at(-1)!;
if (verb === 'gateway') await serveGateway(labPaths(lab));
else if (verb === 'connect') await connectStdio(labPaths(lab), args[0]!);
else if (verb === 'down') await labDown(lab);
else if (verb === 'power') {
  const { faults } = await openLab(lab);
  await faults.powerOff(args[1]!);
  await faults.powerOn(args[1]!);
}
