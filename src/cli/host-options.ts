import { Option } from 'commander';

/** `-i FILE` as every command takes it; MUSTER_INVENTORY saves typing it. */
export function inventoryOption(): Option {
  return new Option('-i, --inventory <file>', "the inventory: Muster's YAML, or Ansible's YAML or INI")
    .env('MUSTER_INVENTORY')
    .makeOptionMandatory();
}

/** How patterns of hosts are read; the two languages differ in `!`, `&` and `[1]`. */
export function patternOption(): Option {
  return new Option('--pattern <language>', "patterns as ClusterShell's node sets, or as ansible's")
    .choices(['nodeset', 'ansible'])
    .default('nodeset');
}

export function labOption(): Option {
  return new Option('--lab <name>', 'the lab that hosts with "connection: lab" are in (default: this clone\'s)');
}
