import { join } from 'node:path';
import type { Configuration } from '../../linux-ha/cluster.ts';
import type { NodeName } from '../../model/names.ts';
import type { Journal } from '../journal.ts';
import type { Settings } from '../settings.ts';
import { placesOf } from './locate.ts';
import { NodeResources, type Told } from './node-resources.ts';

/** The resources of a node, as its configuration has them; nothing is looked at before `start`. */
export function openResources(
  { configDir, runDir }: Settings,
  { cluster, running }: Configuration,
  self: NodeName,
  journal: Journal,
  dispatch: (event: Told) => void,
): NodeResources {
  return new NodeResources({
    cluster,
    self,
    environment: running.environment,
    directory: join(runDir, 'resources'),
    journal,
    now: () => performance.now(),
    dispatch,
    places: placesOf(configDir, process.env.OCF_ROOT),
  });
}
