import { connectStdio } from './dial.ts';
import { serveGateway } from './gateway.ts';
import { labPaths } from './names.ts';

// The sources' own way to run what the bundle offers as `muster lab gateway` and `muster lab connect`.
const [verb, member, , lab] = process.argv.slice(2);
if (verb === 'gateway') await serveGateway(labPaths(member!));
else await connectStdio(labPaths(lab!), member!);
