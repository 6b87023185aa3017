import { join } from 'node:path';
import type { Configuration } from '../../linux-ha/cluster.ts';
import type { NodeName } from '../../model/names.ts';
import type { Journal } from '../journal.ts';
import type { Settings } from '../settings.ts';
import { placesOf } from './locate.ts';
import { NodeResources, type Told } from './node-resources.ts';

interface Parts {
  readonly settings: Settings;
  readonly configuration: Configuration;
  readonly self: NodeName;
  readonly journal: Journal;
  readonly dispatch: (event: Told) => void;
  readonly inMaintenance: () => boolean;
}

/** The resources of a node, as its configuration has them; nothing is looked at before `start`. */
export function openResources({ settings, configuration, ...parts }: Parts): NodeResources {
  return new NodeResources({
    ...parts,
    cluster: configuration.cluster,
    environment: configuration.running.environment,
    directory: join(settings.runDir, 'resources'),
    now: () => performance.now(),
    places: placesOf(settings.configDir, process.env.OCF_ROOT),
  });
}
